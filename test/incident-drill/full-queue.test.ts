import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { BUILD_TIMEOUT_MS, COLLECTOR_CONFIG, type StackOf, startStack } from "@pyisolate/stack";
import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { ownCounters } from "../faults/collector-counters.ts";
import { alertNames, waitForAlert } from "./alerts.ts";
import { writeQuickRules } from "./quick-rules.ts";
import { serversOrWhyNot } from "./servers.ts";

const ALL = ["otelcol", "prometheus", "promtool", "alertmanager"] as const;

// A log store that accepts nothing, until everything before it is full. Each test is what the operator sees next.

/** Small, but larger than any one request: one that is larger would never find room. */
const QUEUE_BYTES = 100_000;

describe("a log store that answers 503", () => {
  const ends: (() => unknown)[] = [];
  let skipped: string | undefined;
  let stack: StackOf<{ readonly alertmanager: true }>;
  let storeAnswers = 503;
  let crammed: ReturnType<typeof startService>;
  let spooled: ReturnType<typeof startService>;

  beforeAll(async () => {
    const servers = await serversOrWhyNot(ALL);
    if (typeof servers === "string") {
      skipped = servers;
      return;
    }
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-full-queue-"));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const store = createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(storeAnswers).end());
    }).listen(0, "127.0.0.1");
    ends.push(() => store.close());
    await once(store, "listening");
    const impatient = path.join(folder, "impatient.yaml");
    await writeFile(
      impatient,
      JSON.stringify({
        exporters: { "otlp_http/store": { retry_on_failure: { max_interval: "1s" } } },
      }),
    );
    stack = await startStack({
      servers,
      config: [COLLECTOR_CONFIG, impatient],
      env: { OTELCOL_QUEUE_BYTES: String(QUEUE_BYTES) },
      rules: await writeQuickRules(folder),
      alertmanager: true,
      logStore: `http://127.0.0.1:${(store.address() as AddressInfo).port}/otlp`,
    });
    ends.push(() => stack.stop());
    vi.stubEnv("OTEL_METRIC_EXPORT_INTERVAL", "1000");
    vi.stubEnv("OTEL_METRIC_EXPORT_TIMEOUT", "1000");
    vi.stubEnv("OTEL_BLRP_MAX_QUEUE_SIZE", "20");
    const { otlpEndpoint } = stack.collector;
    crammed = startService("crammed", otlpEndpoint);
    const spool = { directory: path.join(folder, "spool"), maxBytes: 65_536 };
    spooled = startService("spooled", otlpEndpoint, spool);
    ends.push(
      () => crammed.end(),
      () => spooled.end(),
    );
  }, BUILD_TIMEOUT_MS);

  beforeEach(({ skip }) => {
    if (skipped !== undefined) skip(skipped);
  });

  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
    vi.unstubAllEnvs();
  });

  test("the Collector's queue fills, and nothing leaves it", { timeout: 90_000 }, async () => {
    crammed.deny(1);
    await crammed.flush();
    const size = "otelcol_exporter_queue_size";
    const [one] = await stack.prometheus.waitFor(size, ([sample]) => (sample?.value ?? 0) > 0);
    const bytes = one?.value ?? 0;
    for (let taken = bytes; taken + bytes < QUEUE_BYTES * 0.85; taken += bytes) {
      crammed.deny(1);
      await crammed.flush();
    }
    const exporter = { exporter: "otlp_http/store" };
    await waitForAlert(stack.alertmanager, "PyisolateCollectorNotSending", exporter);
    await waitForAlert(stack.alertmanager, "PyisolateCollectorQueueFilling", exporter);
    // No service has lost anything yet. That all is refused they say themselves.
    const names = await alertNames(stack.alertmanager);
    expect(names.filter((name) => !/Collector|FirstSeen|Ratio|Spike/.test(name))).toEqual([]);
  });

  test("then it refuses, and services keep what they are denied", { timeout: 90_000 }, async () => {
    // Some at a time: what is denied in one turn is one write to the spool, and fits or does not.
    for (let n = 0; n < 20; n++) {
      crammed.deny(10);
      spooled.deny(10);
      await sleep(20);
    }
    await waitForAlert(stack.alertmanager, "PyisolateCollectorRefusing");
    // What the small queue has no room for is counted together with its like, and nothing is lost.
    const dropped = `pyisolate_denial_records_total{job="crammed",pyisolate_outcome="dropped"} > 0`;
    expect(await stack.prometheus.query(dropped)).toEqual([]);
    await waitForAlert(stack.alertmanager, "PyisolateSpoolNearlyFull", { job: "spooled" });
    for (const job of ["crammed", "spooled"]) {
      await waitForAlert(stack.alertmanager, "PyisolateTelemetryDegraded", { job });
    }
  });

  test(
    "after a minute they are blind, and say so, for metrics still arrive",
    { timeout: 120_000 },
    async () => {
      for (const job of ["crammed", "spooled"]) {
        const blind = await waitForAlert(stack.alertmanager, "PyisolateTelemetryBlind", { job });
        expect(blind.labels["severity"]).toBe("critical");
      }
      const residual = await stack.prometheus.query("instance:pyisolate_ledger:residual");
      expect(residual.map(({ value }) => value)).toEqual([0, 0]);
    },
  );

  test(
    "once the store answers no service is blind, and every denial is accounted for",
    { timeout: 120_000 },
    async () => {
      storeAnswers = 200;
      await stack.prometheus.waitFor(
        'sum(pyisolate_telemetry_state{pyisolate_telemetry_state="blind"})',
        ([blind]) => blind?.value === 0,
        60_000,
      );
      await stack.prometheus.waitFor(
        "sum(pyisolate_telemetry_queue_size)",
        ([sum]) => sum?.value === 0,
        60_000,
      );
      await stack.prometheus.waitFor(
        "sum(pyisolate_denial_records_total) - sum(pyisolate_denial_events_total)",
        ([residual]) => residual?.value === 0,
      );
      expect(await alertNames(stack.alertmanager)).not.toContain("PyisolateLedgerResidual");
    },
  );

  test(
    "a store that answers 400 makes the Collector give up, and the first record given up is told",
    { timeout: 90_000 },
    async () => {
      // Wait until the records about earlier drops have been sent and taken.
      await crammed.end();
      await spooled.end();
      const { collector } = stack;
      const queued = async () =>
        (await ownCounters(collector.telemetryUrl, "otlp_http/store")).queued;
      await expect.poll(queued, { timeout: 30_000 }).toBe(0);
      const fresh = startService("fresh", collector.otlpEndpoint);
      ends.push(() => fresh.end());
      storeAnswers = 400;
      fresh.deny(1);
      const failed = await waitForAlert(stack.alertmanager, "PyisolateCollectorSendFailed");
      expect(failed.annotations["summary"]).toBe(
        'The Collector gave up 1 records of denials for "otlp_http/store"',
      );
    },
  );
});

function startService(
  serviceName: string,
  endpoint: string,
  spool?: { readonly directory: string; readonly maxBytes: number },
) {
  const otel = startTelemetry({
    serviceName,
    endpoint,
    global: false,
    ...(spool === undefined ? {} : { spool }),
  });
  const { meterProvider, loggerProvider } = otel;
  const denials = createDenialRecorder({ meterProvider, loggerProvider });
  return {
    deny(times: number): void {
      for (let n = 0; n < times; n++) {
        denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
      }
    },
    async flush(): Promise<void> {
      await otel.flush();
    },
    async end(): Promise<void> {
      await denials.shutdown();
      await otel.shutdown();
    },
  };
}
