import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { createDenialRecorder, type DenialRecorder, METRICS } from "@pyisolate/telemetry";

/** What telemetry told of a sequence: one entry a record, one a series, each spelt out. */
export interface Told {
  /** Ids of the denials that have a log record, in the order of the records. */
  readonly records: readonly string[];
  /** Metric name → its points: labels in the order of the semantic conventions, and the count. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A recorder on some telemetry, working or not. The matrix runs on each: no decision may depend on it. */
export interface TelemetryUnderTest extends AsyncDisposable {
  readonly recorder: DenialRecorder;
  /** What arrived, all flushed; undefined where this telemetry cannot tell. */
  told(): Promise<Told | undefined>;
}

/** The real SDK, with exporters that keep what they are given. */
export function workingTelemetry(): TelemetryUnderTest {
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

  const told = async (): Promise<Told> => {
    await recorder.flush();
    const records = exporter
      .getFinishedLogRecords()
      .filter(({ eventName }) => eventName === "pyisolate.denial")
      .map(({ attributes }) => String(attributes["pyisolate.denial.id"]));
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const pointsOf = ({ name, attributes }: CounterNames): Record<string, number> => {
      const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
      const labelled = points.map((point): [string, number] => [
        attributes.map((attribute) => String(point.attributes[attribute.name])).join(" "),
        Number(point.value),
      ]);
      // Series that stand at 0 are there so that the first denial is seen as a rise.
      return Object.fromEntries(labelled.filter(([, count]) => count > 0));
    };
    const counted = [METRICS.denials, METRICS.denialEvents, METRICS.decisions];
    return {
      records,
      counters: Object.fromEntries(counted.map((metric) => [metric.name, pointsOf(metric)])),
    };
  };
  return {
    recorder,
    told,
    async [Symbol.asyncDispose]() {
      await recorder.shutdown();
      await Promise.all([meterProvider.shutdown(), loggerProvider.shutdown()]);
    },
  };
}

interface CounterNames {
  readonly name: string;
  readonly attributes: readonly { readonly name: string }[];
}
