import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { BUILD_TIMEOUT_MS } from "@pyisolate/stack";
import { expect, onTestFinished, test, vi } from "vitest";

import { account } from "./account.ts";
import { floodAndKill } from "./flood-and-kill.ts";
import { temporaryFolder } from "./folder.ts";
import { ownCounters } from "./collector-counters.ts";
import { startService } from "./service.ts";
import { startRoad } from "./store-road.ts";
import { until } from "./until.ts";

const RECOVERY = fileURLToPath(new URL("../../examples/recovery/recovery.yaml", import.meta.url));

test(
  "the spool of a service that is dead for good, read by a Collector that is killed at it: all of it arrives",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    // A resource so long that all files of the spool begin alike, further than a Collector looks unless told to.
    const long = ["cluster", "namespace", "node", "pod", "container", "deployment"].map(
      (what) => `k8s.${what}.name=${what.repeat(20)}`,
    );
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", long.join(","));
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const spool = await temporaryFolder();
    // No Collector listens, and none will be started again.
    const { denied, onDisk } = await floodAndKill("http://127.0.0.1:1", spool, 50);
    expect(onDisk).toBe(denied);
    expect((await readdir(spool)).length).toBeGreaterThan(2);

    await using road = await startRoad(context, (response) => response.writeHead(503).end(), {
      more: [RECOVERY],
      env: {
        OTELCOL_RECOVERY_FILES: join(spool, "*.jsonl"),
        OTELCOL_RECOVERY_EXPORTERS: "[file, otlp_http/recovery]",
      },
    });
    const queue = () => ownCounters(road.collector.telemetryUrl, "otlp_http/recovery");
    await until("a queue", queue, ({ queued }) => queued > 0);
    await road.collector.kill();
    road.store.recover();
    await road.restart();
    const delivered = () =>
      new Set(road.store.logs.map((log) => log.attributes["pyisolate.denial.id"])).size;
    await until("what is delivered", delivered, (count) => count >= denied);
    const { atStore, inFile } = await road.accounts("dead spool", denied, {});
    // What it denied after its last word is there too.
    for (const each of [atStore, inFile]) expect(each.residual).toBeLessThanOrEqual(0);
  },
);

test(
  "what a store has refused for good is sent to it again from the Collector's own file",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await using refusing = await startRoad(context, (response) => response.writeHead(500).end());
    const service = startService({ endpoint: refusing.collector.otlpEndpoint });
    await service.denyFor(1000, 10);
    expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });
    const { failed } = await refusing.settled();
    expect(failed).toBe(service.denied);
    await refusing.collector.stop();

    await using road = await startRoad(context, () => {}, {
      more: [RECOVERY],
      env: {
        OTELCOL_RECOVERY_FILES: refusing.collector.logFile,
        // Not the file: it would read again what it writes.
        OTELCOL_RECOVERY_EXPORTERS: "[otlp_http/recovery]",
      },
    });
    road.store.recover();
    await until(
      "what is delivered",
      () => road.store.logs.length,
      (count) => count >= service.denied,
    );
    expect(account("refused, then recovered", service.denied, road.store.logs)).toMatchObject({
      duplicates: 0,
      residual: 0,
    });
  },
);
