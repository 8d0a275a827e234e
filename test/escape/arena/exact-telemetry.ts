import assert from "node:assert/strict";

import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { createDenialRecorder, type DenialRecorder, METRICS } from "@pyisolate/telemetry";

/** The recorder on the real SDK, and the check that ledger, records and counters tell of exactly what was due. */
export interface Books {
  readonly recorder: DenialRecorder;
  check(due: number): Promise<void>;
}

export function openBooks(): Books {
  class Reader extends MetricReader {
    async onForceFlush(): Promise<void> {}
    async onShutdown(): Promise<void> {}
  }
  const reader = new Reader();
  const exporter = new InMemoryLogRecordExporter();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const loggerProvider = new LoggerProvider({
    processors: [new SimpleLogRecordProcessor({ exporter })],
  });
  const recorder = createDenialRecorder({ meterProvider, loggerProvider });
  const check = async (due: number): Promise<void> => {
    await recorder.flush();
    const { denied, emitted, coalesced, dropped, pending } = recorder.ledger();
    assert.deepEqual({ denied, dropped, pending }, { denied: due, dropped: {}, pending: 0 });
    assert.equal(emitted + coalesced, due, "the ledger balances");
    const records = exporter
      .getFinishedLogRecords()
      .filter(({ eventName }) => eventName === "pyisolate.denial");
    assert.equal(records.length, emitted);
    const counts = records.map(({ attributes }) => Number(attributes["pyisolate.denial.count"]));
    assert.equal(sum(counts), due, "the records tell of every denial");
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const total = (name: string, label?: string): number => {
      const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
      const wanted = points.filter(
        ({ attributes }) => label === undefined || attributes["pyisolate.decision"] === label,
      );
      return sum(wanted.map(({ value }) => Number(value)));
    };
    assert.equal(total(METRICS.denials.name), due, METRICS.denials.name);
    assert.equal(total(METRICS.denialEvents.name), due, METRICS.denialEvents.name);
    assert.equal(total(METRICS.decisions.name, "deny"), due, METRICS.decisions.name);
    await recorder.shutdown();
  };
  return { recorder, check };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
