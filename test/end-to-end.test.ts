import { Supervisor } from "@pyisolate/sandbox-core";
import { type DenialEvent, parsePolicy } from "@pyisolate/policy";
import {
  BUILD_TIMEOUT_MS,
  serversForTest,
  type Stack,
  startStack,
  waitForLogs,
} from "@pyisolate/stack";
import {
  createDenialRecorder,
  EVENTS,
  METRICS,
  prometheusName,
  redactTarget,
} from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import { afterAll, beforeEach, expect, test } from "vitest";

const JOB = "pyisolate-e2e";
const POLICY = parsePolicy({
  version: 1,
  name: "e2e",
  rules: [
    {
      id: "std",
      effect: "allow",
      capability: "import",
      modules: ["node:fs", "node:child_process"],
    },
    { id: "secrets", effect: "deny", capability: "filesystem", paths: ["/etc/**"] },
    {
      id: "tmp",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/srv/**", "/etc/**"],
    },
  ],
});

/** Every capability, every reason that a guest can bring about, guest text that would like to be something else. */
const PROGRAMS = [
  `require("node:fs").readFileSync("/etc/passwd")`,
  `require("node:fs").writeFileSync("/srv/x", "")`,
  `require("node:fs").readFileSync("/home/\\u202etxt.exe\\n{\\"fake\\":1}")`,
  `require("node:fs").readFileSync("a\\0b")`,
  `fetch("http://127.0.0.1:9/?secret=value")`,
  `require("node:child_process").execFileSync("/bin/true")`,
  `crypto.getRandomValues(new Uint8Array(4))`,
  `import("node:net")`,
];

let stack: Stack;

beforeEach(async ({ skip }) => {
  await serversForTest({ skip });
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
});

test(
  "event, Collector's record and Prometheus' answer tell the same of every denial",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    stack = await startStack({ servers: await serversForTest({ skip }) });
    await using otel = startTelemetry({ serviceName: JOB, endpoint: stack.collector.otlpEndpoint });
    await using denials = createDenialRecorder();
    await using supervisor = new Supervisor({
      policy: POLICY,
      denials,
      token: "s3cret",
      pool: 1,
    });
    for (const name of ["tenant-a", "tenant-b"]) {
      await using cell = await supervisor.spawn(name);
      for (const program of PROGRAMS) await expect(cell.exec(program)).rejects.toThrow(/denied/);
    }
    await expect(supervisor.reloadPolicy(POLICY, "guess")).rejects.toThrow(/control/);
    await otel.flush();

    const events = supervisor.denialEvents();
    expect(events).toHaveLength(PROGRAMS.length * 2 + 1);
    expect(denials.ledger()).toEqual({
      denied: events.length,
      emitted: events.length,
      coalesced: 0,
      dropped: {},
      pending: 0,
    });

    const isDenial = ({ eventName }: { eventName: string }): boolean =>
      eventName === EVENTS.denial.name;
    const records = (
      await waitForLogs(
        stack.collector.logFile,
        (all) => all.filter(isDenial).length >= events.length,
      )
    ).filter(isDenial);
    const told = (
      id: unknown,
      cell: unknown,
      action: unknown,
      rule: unknown,
      reason: unknown,
    ): string => JSON.stringify([id, cell, action, rule, reason]);
    expect(
      records
        .map(({ attributes: a }) =>
          told(
            a["pyisolate.denial.id"],
            a["pyisolate.cell"],
            a["pyisolate.attempted_action"],
            a["pyisolate.policy_rule"],
            a["pyisolate.reason"],
          ),
        )
        .toSorted(),
    ).toEqual(
      events.map((e) => told(e.id, e.cell, redactedAction(e), e.policyRule, e.reason)).toSorted(),
    );

    const expected = new Map<string, number>();
    for (const event of events) {
      const key = [event.capability, event.policyRule, event.reason].join("|");
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    const total = `sum(pyisolate_denial_events_total{job="${JOB}"})`;
    await stack.prometheus.waitFor(total, ([sum]) => sum?.value === events.length);
    const samples = await stack.prometheus.query(
      `sum by (pyisolate_capability, pyisolate_policy_rule, pyisolate_reason) (pyisolate_denial_events_total{job="${JOB}"}) > 0`,
    );
    expect(
      new Map(
        samples.map(({ labels, value }) => [
          [
            labels["pyisolate_capability"],
            labels["pyisolate_policy_rule"],
            labels["pyisolate_reason"],
          ].join("|"),
          value,
        ]),
      ),
    ).toEqual(expected);
    const byCell = await stack.prometheus.query(`pyisolate_denials_total{job="${JOB}"} > 0`);
    expect(
      Object.fromEntries(byCell.map(({ labels, value }) => [labels["pyisolate_cell"], value])),
    ).toEqual({
      "tenant-a": PROGRAMS.length,
      "tenant-b": PROGRAMS.length,
      supervisor: 1,
    });
  },
);

test("no guest text is in any series of the Collector, and no series appears twice", async () => {
  const text = await (await fetch(stack.collector.prometheusEndpoint)).text();
  for (const word of ["passwd", "secret=value", "txt.exe", "fake", "/bin/true"])
    expect(text).not.toContain(word);
  const series = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/ [^ ]+$/, ""));
  expect(new Set(series).size).toBe(series.length);
});

test("promtool accepts what the Collector exposes, and what the process exposes by itself", async () => {
  const collected = await stack.promtool.checkMetrics(
    await (await fetch(stack.collector.prometheusEndpoint)).text(),
  );
  expect(collected).toMatchObject({ ok: true });
  await using otel = startTelemetry({
    serviceName: JOB,
    metrics: "prometheus",
    logs: "none",
    port: 0,
  });
  await using denials = createDenialRecorder();
  await using supervisor = new Supervisor({ policy: POLICY, denials, pool: 1 });
  await using cell = await supervisor.spawn("tenant-a");
  for (const program of PROGRAMS) await expect(cell.exec(program)).rejects.toThrow(/denied/);
  await otel.ready();
  const text = await (await fetch(otel.prometheusUrl ?? "")).text();
  expect(await stack.promtool.checkMetrics(text)).toMatchObject({ ok: true });
  expect(text).toMatch(
    new RegExp(
      `^${prometheusName(METRICS.denials)}\\{.*pyisolate_cell="tenant-a".*\\} ${PROGRAMS.length}$`,
      "m",
    ),
  );
  const series = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/ [^ ]+$/, ""));
  expect(new Set(series).size).toBe(series.length);
});

// The record tells less than the event, which never leaves the process.
function redactedAction(event: DenialEvent): string {
  return event.target === "" ? event.operation : `${event.operation}:${redactTarget(event)}`;
}
