import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext, test as base } from "vitest";
import { type Collector, startCollector } from "./collector.ts";
import { serversForTest } from "./servers-for-test.ts";
import { waitForLogs } from "./log-file.ts";
import { BUILD_TIMEOUT_MS, type Servers } from "./servers.ts";
import { startVictoriaLogs, type VictoriaLogs } from "./victorialogs.ts";
import type { StoredRecord } from "./victorialogs-query.ts";

const NAMES = ["victoria-logs", "otelcol"] as const;

/** A store that keeps its data in this folder, and a Collector before it: it takes OTLP as protobuf only. */
async function road(servers: Servers<(typeof NAMES)[number]>, dataDir?: string) {
  await using all = new AsyncDisposableStack();
  const store = all.use(
    await startVictoriaLogs({
      binary: servers["victoria-logs"],
      ...(dataDir === undefined ? {} : { dataDir }),
    }),
  );
  const collector = all.use(
    await startCollector({ binary: servers.otelcol, logStore: store.otlpEndpoint }),
  );
  const held = all.move();
  return { store, collector, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

// The first test that runs may have to build.
const test = (
  name: string,
  run: (servers: Servers<(typeof NAMES)[number]>, context: TestContext) => Promise<void>,
) =>
  base(name, { timeout: BUILD_TIMEOUT_MS }, async (context) => {
    await run(await serversForTest(context, NAMES), context);
  });

type Value = string | number | boolean;
type Attributes = readonly { readonly key: string; readonly value: object }[];

const attributes = (values: Readonly<Record<string, Value>>): Attributes =>
  Object.entries(values).map(([key, value]) => ({ key, value: wireValue(value) }));

function wireValue(value: Value) {
  if (typeof value === "boolean") return { boolValue: value };
  return typeof value === "number" ? { intValue: String(value) } : { stringValue: value };
}

interface Sent {
  readonly resource?: Readonly<Record<string, Value>>;
  /** Once more than a well-behaved sender has it. */
  readonly resourceTwice?: Readonly<Record<string, Value>>;
  readonly records: readonly {
    readonly at?: number;
    readonly body?: string;
    readonly values: Readonly<Record<string, Value>>;
    readonly valuesTwice?: Readonly<Record<string, Value>>;
  }[];
}

async function send(
  { otlpEndpoint }: Collector,
  { resource, resourceTwice = {}, records }: Sent,
): Promise<void> {
  const response = await fetch(`${otlpEndpoint}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: {
            attributes: [
              ...attributes({
                "service.name": "plugins",
                "service.namespace": "shop",
                "service.instance.id": "one",
                ...resource,
              }),
              ...attributes(resourceTwice),
            ],
          },
          scopeLogs: [
            {
              scope: { name: "test", version: "1" },
              logRecords: records.map(
                ({ at = Date.now(), body = "denied", values, valuesTwice = {} }) => ({
                  eventName: "pyisolate.denial",
                  timeUnixNano: `${at}000000`,
                  severityNumber: 13,
                  traceId: "5b8efff798038103d269b633813fc60c",
                  spanId: "eee19b7ec3c1b174",
                  body: { stringValue: body },
                  attributes: [...attributes(values), ...attributes(valuesTwice)],
                }),
              ),
            },
          ],
        },
      ],
    }),
  });
  await response.text();
  expect(response.status).toBe(200);
}

const ALL = 'service.name:="plugins"';

const idsOf = (records: readonly StoredRecord[]) =>
  records.map(({ fields }) => fields["pyisolate.denial.id"]);

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

test("a denial that went through the Collector is in the store with its event name, ids and trace, found by any of them", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  const values = {
    "pyisolate.cell": "tenant-a",
    "pyisolate.capability": "network",
    "pyisolate.policy_rule": "default",
    "pyisolate.enforced": true,
    "pyisolate.denial.id": "01JD5Y8K3M7WQ2Z4R6T8V0X1C3",
    "pyisolate.denial.seq": 7,
  };
  const resource = { "k8s.pod.name": "plugins-1", "host.name": "worker" };
  await send(collector, { resource, records: [{ values }] });

  const [record] = await store.waitFor(ALL, (records) => records.length === 1);
  expect(record).toEqual({
    line: "denied",
    timeUnixNano: expect.any(BigInt) as bigint,
    fields: {
      event_name: "pyisolate.denial",
      "service.name": "plugins",
      "service.namespace": "shop",
      "service.instance.id": "one",
      "pyisolate.cell": "tenant-a",
      "pyisolate.capability": "network",
      "pyisolate.policy_rule": "default",
      "pyisolate.enforced": "true",
      "pyisolate.denial.id": "01JD5Y8K3M7WQ2Z4R6T8V0X1C3",
      "pyisolate.denial.seq": "7",
      trace_id: "5b8efff798038103d269b633813fc60c",
      span_id: "eee19b7ec3c1b174",
      severity_number: "13",
      severity_text: "Warn",
      "scope.name": "test",
      "scope.version": "1",
      "k8s.pod.name": "plugins-1",
      "host.name": "worker",
    },
  });
  for (const filter of [
    'event_name:="pyisolate.denial"',
    'trace_id:="5b8efff798038103d269b633813fc60c"',
    'pyisolate.denial.id:="01JD5Y8K3M7WQ2Z4R6T8V0X1C3"',
  ]) {
    expect(await store.records(`${ALL} ${filter}`), filter).toHaveLength(1);
  }
});

test("what is counted comes as samples and series, a wrong query as an error in the store's words", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  const records = ["a", "a", "b"].map((cell, index) => ({
    values: { "pyisolate.cell": cell, "pyisolate.denial.id": `id-${index}` },
  }));
  await send(collector, { records });
  await store.waitFor(ALL, (found) => found.length === 3);
  const byCell = `${ALL} | stats by (pyisolate.cell) count() records`;
  const samples = await store.counts(byCell);
  expect(new Map(samples.map(({ labels, value }) => [labels["pyisolate.cell"], value]))).toEqual(
    new Map([
      ["a", 2],
      ["b", 1],
    ]),
  );
  expect(await store.counts(byCell, { from: hoursAgo(3), to: hoursAgo(2) })).toEqual([]);

  const series = await store.series(byCell, { from: hoursAgo(1), to: new Date() }, 60);
  expect(
    series.map(({ labels, points }) => [labels["pyisolate.cell"], points.at(-1)?.[1]]),
  ).toEqual(expect.arrayContaining([["a", 2]]));

  await expect(store.counts("* | stats (")).rejects.toMatchObject({
    code: "query-failed",
    message: expect.stringContaining("cannot parse") as string,
  });
  await expect(store.records("* | wat")).rejects.toMatchObject({ code: "query-failed" });
  await expect(store.counts(ALL)).rejects.toMatchObject({ code: "query-failed" });
});

test("records of one instant that differ in their ids only are all kept; one that is sent twice is there twice, with one id", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  const at = Date.now();
  const records = ["x", "y", "z"].map((id) => ({ at, values: { "pyisolate.denial.id": id } }));
  await send(collector, { records });
  await send(collector, { records });
  const kept = await store.waitFor(ALL, (found) => found.length >= 6);
  expect(new Set(idsOf(kept))).toEqual(new Set(["x", "y", "z"]));
  const [distinct] = await store.counts(`${ALL} | stats count_uniq(pyisolate.denial.id) denials`);
  expect(distinct?.value).toBe(3);
});

test("a backlog of hours beside what happens now is taken, and so is what waited for weeks", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  const one = (id: string, at: Date) => ({
    at: at.getTime(),
    values: { "pyisolate.denial.id": id },
  });
  await send(collector, { records: [one("now", new Date())] });
  await send(collector, { records: [one("backlog", hoursAgo(11))] });
  const resource = { "service.instance.id": "spooled" };
  await send(collector, { resource, records: [one("weeks", hoursAgo(24 * 20))] });
  const range = { from: hoursAgo(24 * 20 + 1), to: new Date(Date.now() + 60_000) };
  await expect
    .poll(async () => idsOf(await store.records(ALL, range)), { timeout: 20_000 })
    .toEqual(["weeks", "backlog", "now"]);
});

test("what the store has written out outlives its end, kill -9 included", async (servers) => {
  const dataDir = await mkdtemp(join(tmpdir(), "stack-victorialogs-"));
  try {
    await using there = await road(servers, dataDir);
    const { store, collector } = there;
    await send(collector, { records: [{ values: { "pyisolate.denial.id": "x" } }] });
    await store.waitFor(ALL, (records) => records.length === 1);
    // It does that every 5 s. What is lost before: test/faults/log-store-killed.test.ts.
    await expect.poll(() => rowsInMemory(store), { timeout: 20_000 }).toBe(0);
    await store.kill();
    await using second: VictoriaLogs = await startVictoriaLogs({
      binary: servers["victoria-logs"],
      dataDir,
    });
    await second.waitFor(ALL, (records) => records.length === 1);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

async function rowsInMemory({ url }: VictoriaLogs): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const [, rows] = /^vl_storage_rows\{type="storage\/inmemory"\} (\d+)$/m.exec(metrics) ?? [];
  return Number(rows);
}

test("while the store is down records wait in the Collector, and reach it when it is back", async (servers) => {
  const binary = servers["victoria-logs"];
  const first = await startVictoriaLogs({ binary });
  const port = Number(new URL(first.url).port);
  await first.stop();
  await using collector = await startCollector({
    binary: servers.otelcol,
    logStore: first.otlpEndpoint,
  });
  await send(collector, { records: [{ values: { "pyisolate.denial.id": "waited" } }] });
  await waitForLogs(collector.logFile, (logs) => logs.length === 1);
  await using back = await startVictoriaLogs({ binary, port });
  await back.waitFor(ALL, (found) => found.length === 1);
});

test("streams are as few as services, however many processes, events and cells there are", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  for (let n = 0; n < 20; n++) {
    await send(collector, {
      resource: {
        "service.name": n % 2 === 0 ? "plugins" : "uploads",
        "service.instance.id": `i-${n}`,
      },
      records: [{ values: { "pyisolate.cell": `cell-${n}`, "pyisolate.denial.id": `${n}` } }],
    });
  }
  await store.waitFor("*", (found) => found.length === 20);
  const streams = await store.records("* | stats by (_stream) count() records");
  expect(streams).toHaveLength(2);
});

// VictoriaLogs 1.52.1 ends at a record that has a stream's field twice, and the queue would send it that record for ever.
test("a sender that says its own or its event's name twice, and otherwise than it is, ends no store", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  const twice = { "service.name": "other", event_name: "other" };
  const once = (id: string) => ({ "pyisolate.denial.id": id });
  await send(collector, { resourceTwice: twice, records: [{ values: once("a") }] });
  await send(collector, { records: [{ values: { ...once("b"), ...twice }, valuesTwice: twice }] });
  await send(collector, { records: [{ values: once("c"), valuesTwice: once("d") }] });
  const found = await store.waitFor(ALL, (records) => records.length === 3);
  expect(new Set(found.map(({ fields }) => fields["event_name"]))).toEqual(
    new Set(["pyisolate.denial"]),
  );
});

test("hostile text comes back as it went in: in fields of its own, and as nothing else", async (servers) => {
  await using there = await road(servers);
  const { store, collector } = there;
  const hostile = [
    `"} | delete * | "`,
    "`back\\tick`",
    "{{.Values}} ${cell} $__all",
    "line\nbreak \u202E\u0000\u001B[2J",
    `{"_msg":"forged","_time":"2020-01-01T00:00:00Z","_stream":"{a=\\"b\\"}"}`,
    "(a|b)+.*$",
  ];
  const records = hostile.map((text, index) => ({
    body: text,
    values: { "pyisolate.cell": text, "pyisolate.denial.id": `${index}` },
  }));
  await send(collector, { records });
  const found = await store.waitFor(ALL, (kept) => kept.length === hostile.length);
  const byId = new Map(found.map((record) => [record.fields["pyisolate.denial.id"], record]));
  for (const [index, text] of hostile.entries()) {
    const record = byId.get(`${index}`);
    expect([record?.line, record?.fields["pyisolate.cell"]]).toEqual([text, text]);
    const filter = `${ALL} pyisolate.cell:=${JSON.stringify(text)}`;
    expect(idsOf(await store.records(filter)), text).toEqual([`${index}`]);
  }
  const names = new Set(found.flatMap(({ fields }) => Object.keys(fields)));
  expect([...names].filter((name) => !/^[a-z_.]+$/.test(name))).toEqual([]);
});
