import { once } from "node:events";
import { readFile, readlink, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, type TestContext, test as base } from "vitest";
import { type Collector, startCollector, validateConfig } from "./collector.ts";
import { serversForTest } from "./servers-for-test.ts";
import { readLogFile, waitForLogs } from "./log-file.ts";
import { type CollectedLog, parseLogsRequest } from "./otlp-json.ts";
import { freePorts } from "./ports.ts";
import { startPrometheus } from "./prometheus.ts";
import { BUILD_TIMEOUT_MS, type Servers } from "./servers.ts";
import { startStack } from "./stack.ts";

// The first test that runs may have to build.
const test = (name: string, run: (servers: Servers, context: TestContext) => Promise<void>) =>
  base(name, { timeout: BUILD_TIMEOUT_MS }, async (context) => {
    await run(await serversForTest(context), context);
  });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-collector-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Values = Readonly<Record<string, string | number>>;

const attributes = (values: Values) =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));

const RESOURCE = {
  attributes: attributes({ "service.name": "plugins", "service.instance.id": "one" }),
};

const denial = (values: Values) => ({
  eventName: "pyisolate.denial",
  timeUnixNano: "1763841600000000000",
  severityNumber: 13,
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  attributes: attributes(values),
});

async function sendLogs(collector: Collector, logRecords: readonly unknown[]): Promise<number> {
  return await post(`${collector.otlpEndpoint}/v1/logs`, {
    resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: { name: "test" }, logRecords }] }],
  });
}

async function sendCounter(
  collector: Collector,
  name: string,
  unit: string,
  value: number,
  labels: Values,
) {
  const now = `${Date.now()}000000`;
  const dataPoints = [
    {
      startTimeUnixNano: now,
      timeUnixNano: now,
      asInt: String(value),
      attributes: attributes(labels),
    },
  ];
  const metrics = [
    {
      name,
      unit,
      description: "A test",
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints },
    },
  ];
  return await post(`${collector.otlpEndpoint}/v1/metrics`, {
    resourceMetrics: [
      { resource: RESOURCE, scopeMetrics: [{ scope: { name: "test", version: "1" }, metrics }] },
    ],
  });
}

async function post(url: string, body: unknown): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

function idOf(log: CollectedLog): string {
  const id = log.attributes["pyisolate.denial.id"];
  return typeof id === "string" ? id : "";
}

/** A log store on this port that keeps the ids of the denials it is sent. */
async function startStore(port: number, ids: string[]): Promise<HttpServer> {
  const store = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      for (const log of parseLogsRequest(JSON.parse(body)) ?? []) ids.push(idOf(log));
      response.setHeader("content-type", "application/json").end("{}");
    });
  }).listen(port, "127.0.0.1");
  await once(store, "listening");
  return store;
}

/** The repository's configuration with what makes the store's requests readable here. */
async function readableStore(): Promise<string[]> {
  const overlay = join(folder, "overlay.yaml");
  const exporter = {
    encoding: "json",
    compression: "none",
    retry_on_failure: { max_interval: "1s" },
  };
  await writeFile(overlay, JSON.stringify({ exporters: { "otlp_http/store": exporter } }));
  return [join(import.meta.dirname, "../../../otel-collector.yaml"), overlay];
}

test("the Collector accepts otel-collector.yaml, with and without a log store", async ({
  otelcol,
}) => {
  await validateConfig({ binary: otelcol });
  await validateConfig({
    binary: otelcol,
    env: { OTELCOL_LOGS_EXPORTERS: "[file, otlp_http/store]" },
  });
});

test("a wrong configuration is refused in the Collector's words", async ({ otelcol }) => {
  const config = join(folder, "wrong.yaml");
  await writeFile(config, "receivers: {otlp: {protocols: {carrier_pigeon: {}}}}");
  await expect(validateConfig({ binary: otelcol, config })).rejects.toMatchObject({
    code: "config-invalid",
  });
  await expect(startCollector({ binary: otelcol, config })).rejects.toMatchObject({
    code: "server-died",
    output: expect.stringContaining("carrier_pigeon") as string,
  });
});

test("one denial goes the whole road: record in the file, counters in Prometheus, by their names", async (servers) => {
  await using stack = await startStack({ servers });
  const { collector, prometheus, promtool } = stack;
  const values = { "pyisolate.cell": "a", "pyisolate.denial.id": "x1", "pyisolate.denial.seq": 1 };
  expect(await sendLogs(collector, [denial(values)])).toBe(200);
  for (const [name, unit] of [
    ["pyisolate.denials", "{denial}"],
    ["pyisolate.denial.events", "{event}"],
    ["pyisolate.decisions", "{decision}"],
    ["pyisolate.denial.records", "{record}"],
  ] as const) {
    expect(await sendCounter(collector, name, unit, 3, { "pyisolate.cell": "a" })).toBe(200);
  }

  expect(await waitForLogs(collector.logFile, (logs) => logs.length === 1)).toEqual([
    {
      eventName: "pyisolate.denial",
      attributes: { ...values, event_name: "pyisolate.denial" },
      body: null,
      severityNumber: 13,
      severityText: "",
      timeUnixNano: 1763841600000000000n,
      observedTimeUnixNano: 0n,
      traceId: "5b8efff798038103d269b633813fc60c",
      spanId: "eee19b7ec3c1b174",
      flags: 0,
      resource: { "service.name": "plugins", "service.instance.id": "one" },
      scope: { name: "test", version: "" },
    },
  ]);

  const samples = await prometheus.waitFor(
    '{__name__=~"pyisolate_.+"}',
    (found) => found.length === 4,
  );
  const labels = { job: "plugins", instance: "one", pyisolate_cell: "a" };
  expect(
    samples
      .map(({ labels: { __name__ = "", ...rest }, value }) => [__name__, rest, value] as const)
      // Prometheus gives them in the order in which it met them.
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ).toEqual([
    ["pyisolate_decisions_total", labels, 3],
    ["pyisolate_denial_events_total", labels, 3],
    ["pyisolate_denial_records_total", labels, 3],
    ["pyisolate_denials_total", labels, 3],
  ]);

  for (const url of [collector.prometheusEndpoint, collector.telemetryUrl]) {
    expect(await promtool.checkMetrics(await (await fetch(url)).text())).toEqual({
      ok: true,
      output: "",
    });
  }
  const up = await prometheus.waitFor(
    "up",
    (found) => found.length === 2 && found.every(({ value }) => value === 1),
  );
  expect(new Set(up.map(({ labels: { job } }) => job))).toEqual(new Set(["otelcol", "pyisolate"]));
  await expect(prometheus.query("sum(")).rejects.toMatchObject({ code: "query-failed" });
  await expect(prometheus.query("up[1m]")).rejects.toMatchObject({ code: "query-failed" });
  expect(await prometheus.query("1 / 0")).toEqual([
    { labels: {}, value: Infinity, time: expect.any(Number) as number },
  ]);

  expect(await readFile(collector.outputFile, "utf8")).not.toMatch(/deprecat|alias/i);
});

test("what a record should not carry stops at the second net, and the record says so", async ({
  otelcol,
}) => {
  await using collector = await startCollector({ binary: otelcol });
  await sendLogs(collector, [
    denial({
      "pyisolate.attempted_action":
        "connect:https://bob:hunter2@api.example.com/v1?token=abc&page=2",
      "pyisolate.policy.hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "pyisolate.denial.id": "01JD5Y8K3M7WQ2Z4R6T8V0X1C3",
      "guest.chosen": "anything",
    }),
  ]);
  const [log] = await waitForLogs(collector.logFile, (logs) => logs.length === 1);
  expect(log?.attributes).toEqual({
    event_name: "pyisolate.denial",
    "pyisolate.attempted_action": "connect:https:****api.example.com/v1?****&page=2",
    "pyisolate.policy.hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "pyisolate.denial.id": "01JD5Y8K3M7WQ2Z4R6T8V0X1C3",
    "redaction.redacted.count": 1,
    "redaction.masked.count": 1,
  });
});

test("what was accepted is in the file at once, and reaches the store after kill -9 and an outage", async ({
  otelcol,
}) => {
  const [storePort = 0] = await freePorts(1);
  const options = {
    binary: otelcol,
    stateDir: join(folder, "state"),
    config: await readableStore(),
    logStore: `http://127.0.0.1:${storePort}`,
  };
  const first = await startCollector(options);
  const sent = Array.from({ length: 500 }, (_, index) => `id-${index}`);
  for (let start = 0; start < sent.length; start += 10) {
    const batch = sent.slice(start, start + 10).map((id) => denial({ "pyisolate.denial.id": id }));
    // The store is down all the while: neither refusal nor delay.
    expect(await sendLogs(first, batch)).toBe(200);
  }
  expect(await first.kill()).toEqual({ code: null, signal: "SIGKILL" });
  const { logs, unreadable } = await readLogFile(first.logFile);
  expect(logs.map(idOf)).toEqual(sent);
  expect(unreadable).toBe(0);

  const received: string[] = [];
  await using second = await startCollector({ ...options, ports: first.ports });
  expect(second.otlpEndpoint).toBe(first.otlpEndpoint);
  expect(await sendLogs(second, [denial({ "pyisolate.denial.id": "after" })])).toBe(200);
  const store = await startStore(storePort, received);
  await expect.poll(() => new Set(received).size, { timeout: 20_000 }).toBe(sent.length + 1);
  store.closeAllConnections();
  store.close();
  // The file is continued, not begun anew.
  expect((await readLogFile(second.logFile)).logs).toHaveLength(sent.length + 1);
});

test("a store that hangs does not slow the file", async ({ otelcol }) => {
  const hanging = createServer(() => {}).listen(0, "127.0.0.1");
  await once(hanging, "listening");
  const address = hanging.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const collector = await startCollector({
    binary: otelcol,
    stateDir: join(folder, "state"),
    logStore: `http://127.0.0.1:${port}`,
  });
  const start = performance.now();
  for (let index = 0; index < 100; index++)
    expect(await sendLogs(collector, [denial({})])).toBe(200);
  expect(performance.now() - start).toBeLessThan(5000);
  expect((await readLogFile(collector.logFile)).logs).toHaveLength(100);
  hanging.closeAllConnections();
  hanging.close();
  await collector.stop();
});

test("everything listens on loopback only, and is gone after stop", async (servers, context) => {
  if (process.platform !== "linux") context.skip("reads /proc");
  const stack = await startStack({ servers });
  const { collector, prometheus } = stack;
  expect((await listening(collector.pid)).toSorted()).toEqual(
    Object.values(collector.ports)
      .map((port) => `127.0.0.1:${port}`)
      .toSorted(),
  );
  expect(await listening(prometheus.pid)).toEqual([new URL(prometheus.url).host]);
  await stack.stop();
  for (const pid of [collector.pid, prometheus.pid])
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  await expect(readdir(collector.stateDir)).rejects.toThrow("ENOENT");
});

test("a port that is taken is named, by Collector and Prometheus alike", async ({
  otelcol,
  prometheus: binary,
}) => {
  await using collector = await startCollector({ binary: otelcol });
  const { ports } = collector;
  await expect(startCollector({ binary: otelcol, ports })).rejects.toMatchObject({
    code: "port-taken",
  });
  await expect(startPrometheus({ binary, targets: [], port: ports.health })).rejects.toThrow(
    `127.0.0.1:${ports.health}`,
  );
});

test("what promtool finds is returned, and not thrown", async (servers) => {
  await using stack = await startStack({ servers });
  const rules = join(folder, "rules.yml");
  await writeFile(rules, "groups: [{name: g, rules: [{record: a, expr: 'sum('}]}]");
  expect((await stack.promtool.checkRules(rules)).ok).toBe(false);
  expect((await stack.promtool.checkMetrics("# TYPE a counter\na 1\n")).output).toContain(
    'should have "_total" suffix',
  );
});

/** Addresses on which a process listens, from /proc: hexadecimal, little-endian. */
async function listening(pid: number): Promise<string[]> {
  const sockets = new Set<string>();
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  const found: string[] = [];
  for (const table of ["tcp", "tcp6"]) {
    for (const line of (await readFile(`/proc/net/${table}`, "utf8")).split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (state !== "0A" || !sockets.has(inode)) continue;
      const [address = "", port = ""] = local.split(":");
      const bytes = address.match(/../g) ?? [];
      found.push(
        `${bytes
          .toReversed()
          .map((byte) => parseInt(byte, 16))
          .join(".")}:${parseInt(port, 16)}`,
      );
    }
  }
  return found;
}
