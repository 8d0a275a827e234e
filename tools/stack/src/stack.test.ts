import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkAlertmanagerConfig } from "./alertmanager.ts";
import { SERVER_NAMES } from "./bundles.ts";
import { serversForTest } from "./servers-for-test.ts";
import { BUILD_TIMEOUT_MS } from "./servers.ts";
import { startStack } from "./stack.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-stack-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const timeout = BUILD_TIMEOUT_MS;

test(
  "a rule that finds something is an alert in Alertmanager, and what the Collector takes is in the store",
  { timeout },
  async (context) => {
    const servers = await serversForTest(context, SERVER_NAMES);
    const rules = join(folder, "rules.yml");
    const rule = {
      alert: "CollectorSeen",
      expr: 'up{job="otelcol"} == 1',
      labels: { severity: "info" },
      annotations: { summary: "The Collector {{ $labels.instance }} is there." },
    };
    await writeFile(rules, JSON.stringify({ groups: [{ name: "seen", rules: [rule] }] }));
    await using stack = await startStack({
      servers,
      victoriaLogs: true,
      alertmanager: true,
      rules: [rules],
    });
    const { alertmanager, collector, victoriaLogs } = stack;

    const [alert] = await alertmanager.waitFor((alerts) => alerts.length > 0);
    const { host } = new URL(collector.telemetryUrl);
    expect(alert).toEqual({
      name: "CollectorSeen",
      labels: { alertname: "CollectorSeen", instance: host, job: "otelcol", severity: "info" },
      annotations: { summary: `The Collector ${host} is there.` },
      state: expect.any(String) as string,
      startsAt: expect.any(Date) as Date,
      endsAt: expect.any(Date) as Date,
    });
    expect(alert?.endsAt.getTime()).toBeGreaterThan(alert?.startsAt.getTime() ?? Infinity);

    const record = { timeUnixNano: `${Date.now()}000000`, body: { stringValue: "hello" } };
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "plugins" } }] };
    const response = await fetch(`${collector.otlpEndpoint}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }),
    });
    expect(response.status).toBe(200);
    await victoriaLogs.waitFor('service.name:="plugins"', ([found]) => found?.line === "hello");

    await stack.stop();
    for (const { pid } of [stack.prometheus, alertmanager, collector, victoriaLogs])
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  },
);

test("when one part does not start, none is left running", { timeout }, async (context) => {
  const servers = await serversForTest(context);
  const config = join(folder, "wrong.yaml");
  const stateDir = join(folder, "state");
  await writeFile(config, "groups: nothing");
  await expect(startStack({ servers, stateDir, rules: [config] })).rejects.toMatchObject({
    code: "server-died",
  });
  // A Collector that still ran would hold its ports.
  const output = await readFile(join(stateDir, "otelcol.log"), "utf8");
  expect(output).toContain("Shutdown complete");
});

test(
  "amtool accepts the configuration that compose runs, and says what is wrong with another",
  { timeout },
  async (context) => {
    const { amtool } = await serversForTest(context, ["amtool"]);
    const verdict = await checkAlertmanagerConfig(amtool);
    expect(verdict.ok, verdict.output).toBe(true);
    const config = join(folder, "wrong.yml");
    await writeFile(config, "route: {receiver: missing}");
    expect(await checkAlertmanagerConfig(amtool, config)).toMatchObject({
      ok: false,
      output: expect.stringContaining("missing") as string,
    });
  },
);
