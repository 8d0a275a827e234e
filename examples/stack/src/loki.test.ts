import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext, test as base } from "vitest";
import { startCollector } from "./collector.ts";
import { serversForTest } from "./in-tests.ts";
import { type Loki, startLoki, validateLokiConfig } from "./loki.ts";
import type { LokiRecord } from "./loki-query.ts";
import { waitForLogs } from "./log-file.ts";
import { BUILD_TIMEOUT_MS, type Servers } from "./servers.ts";

const NAMES = ["loki", "otelcol"] as const;

// The first test that runs may have to build.
const test = (
  name: string,
  run: (servers: Servers<(typeof NAMES)[number]>, context: TestContext) => Promise<void>,
) =>
  base(name, { timeout: BUILD_TIMEOUT_MS }, async (context) => {
    await run(await serversForTest(context, NAMES), context);
  });

type Value = string | number | boolean;

const attributes = (values: Readonly<Record<string, Value>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: wireValue(value) }));

function wireValue(value: Value) {
  if (typeof value === "boolean") return { boolValue: value };
  return typeof value === "number" ? { intValue: String(value) } : { stringValue: value };
}

interface Sent {
  readonly resource?: Readonly<Record<string, Value>>;
  readonly records: readonly {
    readonly at?: number;
    readonly body?: string;
    readonly values: Readonly<Record<string, Value>>;
  }[];
}

/** Sends to any OTLP/HTTP base; gives the status of the answer. */
async function send(base: string, { resource, records }: Sent): Promise<number> {
  const response = await fetch(`${base}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: {
            attributes: attributes({
              "service.name": "plugins",
              "service.namespace": "shop",
              "service.instance.id": "one",
              ...resource,
            }),
          },
          scopeLogs: [
            {
              scope: { name: "test", version: "1" },
              logRecords: records.map(({ at = Date.now(), body = "denied", values }) => ({
                eventName: "pyisolate.denial",
                timeUnixNano: `${at}000000`,
                severityNumber: 13,
                traceId: "5b8efff798038103d269b633813fc60c",
                spanId: "eee19b7ec3c1b174",
                body: { stringValue: body },
                attributes: attributes(values),
              })),
            },
          ],
        },
      ],
    }),
  });
  await response.text();
  return response.status;
}

const ALL = '{service_name="plugins"}';

const idsOf = (records: readonly LokiRecord[]) =>
  records.map(({ metadata }) => metadata["pyisolate_denial_id"]);

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

test("a denial that went through the Collector is in Loki with its event name, ids and trace, found by any of them", async ({
  loki: binary,
  otelcol,
}) => {
  await using loki = await startLoki({ binary });
  await using collector = await startCollector({ binary: otelcol, logStore: loki.otlpEndpoint });
  const values = {
    "pyisolate.cell": "tenant-a",
    "pyisolate.capability": "network",
    "pyisolate.policy_rule": "default",
    "pyisolate.enforced": true,
    "pyisolate.denial.id": "01JD5Y8K3M7WQ2Z4R6T8V0X1C3",
    "pyisolate.denial.seq": 7,
  };
  const resource = { "k8s.pod.name": "plugins-1", "host.name": "worker" };
  expect(await send(collector.otlpEndpoint, { resource, records: [{ values }] })).toBe(200);

  const [record] = await loki.waitFor(ALL, (records) => records.length === 1);
  expect(record).toEqual({
    line: "denied",
    timeUnixNano: expect.any(BigInt) as bigint,
    labels: {
      service_name: "plugins",
      service_namespace: "shop",
      service_instance_id: "one",
    },
    metadata: {
      event_name: "pyisolate.denial",
      pyisolate_cell: "tenant-a",
      pyisolate_capability: "network",
      pyisolate_policy_rule: "default",
      pyisolate_enforced: "true",
      pyisolate_denial_id: "01JD5Y8K3M7WQ2Z4R6T8V0X1C3",
      pyisolate_denial_seq: "7",
      trace_id: "5b8efff798038103d269b633813fc60c",
      span_id: "eee19b7ec3c1b174",
      severity_number: "13",
      scope_name: "test",
      scope_version: "1",
      k8s_pod_name: "plugins-1",
      host_name: "worker",
    },
  });
  for (const filter of [
    'event_name="pyisolate.denial"',
    'trace_id="5b8efff798038103d269b633813fc60c"',
    'pyisolate_denial_id="01JD5Y8K3M7WQ2Z4R6T8V0X1C3"',
  ]) {
    expect(
      (await loki.queryRange(`${ALL} | ${filter}`, hoursAgo(1), new Date())).records,
      filter,
    ).toHaveLength(1);
  }
});

test("what is counted comes as samples and series, a wrong query as an error in Loki's words", async ({
  loki: binary,
}) => {
  await using loki = await startLoki({ binary });
  const records = ["a", "a", "b"].map((cell, index) => ({
    values: { "pyisolate.cell": cell, "pyisolate.denial.id": `id-${index}` },
  }));
  expect(await send(loki.otlpEndpoint, { records })).toBe(204);
  await loki.waitFor(ALL, (found) => found.length === 3);
  const byCell = `sum by (pyisolate_cell) (count_over_time(${ALL}[1h]))`;
  const samples = await loki.query(byCell);
  expect(new Map(samples.map(({ labels, value }) => [labels["pyisolate_cell"], value]))).toEqual(
    new Map([
      ["a", 2],
      ["b", 1],
    ]),
  );
  expect(await loki.query(byCell, hoursAgo(2))).toEqual([]);

  const { records: none, series } = await loki.queryRange(byCell, hoursAgo(1), new Date(), {
    step: 60,
  });
  expect(none).toEqual([]);
  expect(
    series.map(({ labels, points }) => [labels["pyisolate_cell"], points.at(-1)?.[1]]),
  ).toEqual(expect.arrayContaining([["a", 2]]));

  await expect(loki.query("sum(")).rejects.toMatchObject({
    code: "query-failed",
    message: expect.stringContaining("parse error") as string,
  });
  await expect(loki.queryRange("{", hoursAgo(1), new Date())).rejects.toMatchObject({
    code: "query-failed",
  });
  await expect(loki.query(ALL)).rejects.toMatchObject({ code: "query-failed" });
});

test("records of one instant that differ in their ids only are all kept; one that is sent twice is there once", async ({
  loki: binary,
}) => {
  await using loki = await startLoki({ binary });
  const at = Date.now();
  const records = ["x", "y", "z"].map((id) => ({ at, values: { "pyisolate.denial.id": id } }));
  expect(await send(loki.otlpEndpoint, { records })).toBe(204);
  expect(await send(loki.otlpEndpoint, { records })).toBe(204);
  const kept = await loki.waitFor(ALL, (found) => found.length >= 3);
  expect(new Set(idsOf(kept))).toEqual(new Set(["x", "y", "z"]));
  expect(kept).toHaveLength(3);
});

test("a backlog of hours beside what happens now is taken, and so is what waited for weeks", async ({
  loki: binary,
}) => {
  await using loki = await startLoki({ binary });
  const one = (id: string, at: Date) => ({
    at: at.getTime(),
    values: { "pyisolate.denial.id": id },
  });
  expect(await send(loki.otlpEndpoint, { records: [one("now", new Date())] })).toBe(204);
  expect(await send(loki.otlpEndpoint, { records: [one("backlog", hoursAgo(11))] })).toBe(204);
  const resource = { "service.instance.id": "spooled" };
  const weeks = hoursAgo(24 * 20);
  expect(await send(loki.otlpEndpoint, { resource, records: [one("weeks", weeks)] })).toBe(204);
  // What is older than a day shows when it has left memory, which takes half an hour by itself.
  await fetch(`${loki.url}/flush`, { method: "POST" });
  await expect
    .poll(
      async () => idsOf((await loki.queryRange(ALL, hoursAgo(24 * 20 + 1), new Date())).records),
      { timeout: 20_000 },
    )
    .toEqual(["weeks", "backlog", "now"]);
});

test("what was stored outlives Loki's end, kill -9 included", async ({ loki: binary }) => {
  const dataDir = await mkdtemp(join(tmpdir(), "stack-loki-"));
  try {
    const first = await startLoki({ binary, dataDir });
    expect(
      await send(first.otlpEndpoint, { records: [{ values: { "pyisolate.denial.id": "x" } }] }),
    ).toBe(204);
    await first.kill();
    await using second: Loki = await startLoki({ binary, dataDir });
    await second.waitFor(ALL, (records) => records.length === 1);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

test("while Loki is down records wait in the Collector, and reach it when it is back", async ({
  loki: binary,
  otelcol,
}) => {
  const first = await startLoki({ binary });
  const port = Number(new URL(first.url).port);
  await first.stop();
  await using collector = await startCollector({ binary: otelcol, logStore: first.otlpEndpoint });
  const records = [{ values: { "pyisolate.denial.id": "waited" } }];
  expect(await send(collector.otlpEndpoint, { records })).toBe(200);
  await waitForLogs(collector.logFile, (logs) => logs.length === 1);
  await using back = await startLoki({ binary, port });
  await back.waitFor(ALL, (found) => found.length === 1);
});

test("Loki accepts the configuration that compose runs, and says what is wrong with another", async ({
  loki: binary,
}) => {
  await validateLokiConfig({ binary });
  const folder = await mkdtemp(join(tmpdir(), "stack-loki-"));
  const config = join(folder, "wrong.yaml");
  await writeFile(config, "auth_enbaled: false");
  await expect(validateLokiConfig({ binary, config })).rejects.toThrow("auth_enbaled");
  await rm(folder, { recursive: true });
});
