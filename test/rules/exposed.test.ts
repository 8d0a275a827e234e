import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { denialEvent } from "@pyisolate/policy";
import { BUILD_TIMEOUT_MS, serversForTest, type Stack, startStack } from "@pyisolate/stack";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import { afterAll, beforeEach, expect, test, vi } from "vitest";

import { COLLECTOR_METRICS, knownMetrics } from "./known-names.ts";
import { RULE_FILES } from "./shipped.ts";

// What the rules ask for, held against what a Collector exposes once a service has denied, dropped and ended, and a log store
// has refused.

let running: Promise<{ stack: Stack; ownMetrics: string }> | undefined;
const cleanUps: (() => unknown)[] = [];

async function exposed(skip: (reason?: string) => never) {
  const servers = await serversForTest({ skip });
  running ??= (async () => {
    const store = createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(400).end());
    }).listen(0, "127.0.0.1");
    cleanUps.push(() => store.close());
    await once(store, "listening");
    const { port } = store.address() as AddressInfo;
    const stack = await startStack({
      servers,
      logStore: `http://127.0.0.1:${port}/otlp`,
      rules: RULE_FILES,
    });
    cleanUps.push(() => stack.stop());
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-rules-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    const service = await startService(stack, folder);
    await stack.prometheus.waitFor(
      "sum(pyisolate_telemetry_queue_size)",
      ([sum]) => sum?.value === 0,
    );
    const ownMetrics = await (await fetch(stack.collector.prometheusEndpoint)).text();
    await service();
    return { stack, ownMetrics };
  })();
  return await running;
}

/** Denies something, and something that is not a denial. */
async function startService(stack: Stack, spool: string): Promise<() => Promise<void>> {
  vi.stubEnv("OTEL_METRIC_EXPORT_INTERVAL", "500");
  vi.stubEnv("OTEL_METRIC_EXPORT_TIMEOUT", "500");
  const otel = startTelemetry({
    serviceName: "uploads",
    endpoint: stack.collector.otlpEndpoint,
    global: false,
    spool,
  });
  const { meterProvider, loggerProvider } = otel;
  const denials = createDenialRecorder({ meterProvider, loggerProvider });
  for (let n = 0; n < 3; n++) {
    denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
  }
  denials.record({ cell: 7 } as never);
  await otel.flush();
  return async () => {
    // Without a record before the end settles it, so that the end itself has something to say.
    denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
    await denials.shutdown();
    await otel.shutdown();
  };
}

beforeEach(async ({ skip }) => {
  await serversForTest({ skip });
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  vi.unstubAllEnvs();
});

test(
  "the Collector exposes every one of our metrics, and promtool accepts them",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    const { stack, ownMetrics } = await exposed(skip);
    expect(await stack.promtool.checkMetrics(ownMetrics)).toMatchObject({ ok: true, output: "" });
    const there = namesIn(ownMetrics);
    const ours = [...knownMetrics().keys()].filter((name) => name.startsWith("pyisolate_"));
    expect(ours.filter((name) => !there.has(name))).toEqual([]);
  },
);

test(
  "the Collector has every metric of its own that the rules use, with these labels",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    const { stack } = await exposed(skip);
    for (const [metric, labels] of Object.entries(COLLECTOR_METRICS)) {
      const samples = await stack.prometheus.waitFor(metric, ({ length }) => length > 0);
      const found = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
      expect(
        labels.filter((label) => !found.has(label)),
        metric,
      ).toEqual([]);
    }
  },
);

test(
  "a service that has ended well leaves no denial without account, and is not taken for blind",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    const { stack } = await exposed(skip);
    const { prometheus } = stack;
    await prometheus.waitFor("sum(pyisolate_denials_total)", ([sum]) => sum?.value === 4);
    const after = await prometheus.query("time()");
    // A few more scrapes, and an evaluation.
    await prometheus.waitFor("time()", ([now]) => (now?.value ?? 0) > (after[0]?.value ?? 0) + 3);
    const residual = `
    sum(pyisolate_denial_events_total) - sum(pyisolate_telemetry_queue_size)
    - sum(pyisolate_denial_records_total)`;
    expect(await prometheus.query(residual)).toMatchObject([{ value: 0 }]);
    expect(
      await prometheus.query('pyisolate_telemetry_state{pyisolate_telemetry_state="blind"} == 1'),
    ).toEqual([]);
  },
);

function namesIn(exposition: string): Set<string> {
  return new Set([...exposition.matchAll(/^(\w+)[{ ]/gm)].map(([, name]) => name ?? ""));
}
