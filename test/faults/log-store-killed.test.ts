import { fileURLToPath } from "node:url";

import {
  BUILD_TIMEOUT_MS,
  COLLECTOR_CONFIG,
  readLogFile,
  serversForTest,
  startCollector,
  startVictoriaLogs,
  type VictoriaLogs,
} from "@pyisolate/stack";
import { expect, test } from "vitest";

import { account } from "./account.ts";
import { temporaryFolder } from "./folder.ts";
import { ownCounters } from "./collector-counters.ts";
import { startService } from "./service.ts";
import { until } from "./until.ts";

const RECOVERY = fileURLToPath(new URL("../../examples/recovery/recovery.yaml", import.meta.url));

const DENIALS = 'service.name:="faults" event_name:="pyisolate.denial"';

test(
  "VictoriaLogs killed with SIGKILL: it may miss what it had acknowledged within seconds, the Collector's file has it, and recovery brings it back",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { otelcol, "victoria-logs": binary } = await serversForTest(context, [
      "otelcol",
      "victoria-logs",
    ]);
    const dataDir = await temporaryFolder();
    const first = await startVictoriaLogs({ binary, dataDir });
    await using collector = await startCollector({
      binary: otelcol,
      logStore: first.otlpEndpoint,
    });
    const service = startService({ endpoint: collector.otlpEndpoint });
    const acknowledged = async () => {
      await service.otel.flush();
      const counters = () => ownCounters(collector.telemetryUrl, "otlp_http/store");
      const { failed } = await until(
        "what it has acknowledged",
        counters,
        ({ sent, queued }) => sent >= service.denied && queued === 0,
      );
      expect(failed).toBe(0);
    };

    // What it has written out, and what it holds in memory still.
    await service.denyFor(500);
    await acknowledged();
    await until(
      "what is to be seen",
      () => idsIn(first),
      ({ size }) => size === service.denied,
    );
    await until(
      "rows in memory",
      () => rowsInMemory(first),
      (rows) => rows === 0,
    );
    const writtenOut = await idsIn(first);
    await service.denyFor(500);
    await acknowledged();
    const acknowledgedBefore = service.denied;
    await first.kill();

    await using second = await startVictoriaLogs({
      binary,
      dataDir,
      port: Number(new URL(first.url).port),
    });
    // Of the Collector it gets what comes now, and nothing again that it has acknowledged.
    await service.denyFor(100);
    await acknowledged();
    expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });
    const since = service.denied - acknowledgedBefore;
    const { logs } = await readLogFile(collector.logFile);
    expect(account("store killed, in the Collector's file", service.denied, logs)).toMatchObject({
      duplicates: 0,
      residual: 0,
    });
    const inFile = new Set(logs.map(({ attributes }) => attributes["pyisolate.denial.id"]));
    const kept = await until(
      "what is kept",
      () => idsIn(second),
      ({ size }) => size >= writtenOut.size + since,
    );
    const lost = inFile.difference(kept);
    process.stdout.write(`store killed: ${lost.size} of ${service.denied} acknowledged and lost\n`);
    expect(lost.size).toBeGreaterThan(0);
    expect(writtenOut.difference(kept)).toEqual(new Set());

    await using recovery = await startCollector({
      binary: otelcol,
      config: [COLLECTOR_CONFIG, RECOVERY],
      logStore: second.otlpEndpoint,
      env: {
        OTELCOL_RECOVERY_FILES: collector.logFile,
        // Not the file: it would read again what it writes.
        OTELCOL_RECOVERY_EXPORTERS: "[otlp_http/recovery]",
      },
    });
    expect(recovery.logFile).not.toBe(collector.logFile);
    await until(
      "what is there",
      () => idsIn(second),
      (ids) => ids.size >= service.denied,
    );
    expect(await idsIn(second)).toEqual(inFile);
    // What it had kept it has twice now; counted by id, as dashboards and report count, it is there once.
    const [distinct] = await second.counts(
      `${DENIALS} | stats by (pyisolate.denial.id) max(pyisolate.denial.count) as n | stats sum(n) as denials`,
    );
    expect(distinct?.value).toBe(service.denied);
  },
);

async function idsIn(store: VictoriaLogs): Promise<Set<string>> {
  const records = await store.records(DENIALS, undefined, 0);
  return new Set(records.map(({ fields }) => fields["pyisolate.denial.id"] ?? ""));
}

async function rowsInMemory({ url }: VictoriaLogs): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const [, rows] = /^vl_storage_rows\{type="storage\/inmemory"\} (\d+)$/m.exec(metrics) ?? [];
  return Number(rows);
}
