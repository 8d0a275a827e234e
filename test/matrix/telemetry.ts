import {
  BatchLogRecordProcessor,
  InMemoryLogRecordExporter,
  LoggerProvider,
  type LogRecordProcessor,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  createDenialRecorder,
  type DenialRecorder,
  type DenialRecorderOptions,
  METRICS,
} from "@pyisolate/telemetry";

/** What telemetry told of a sequence: one entry a record, one a series, each spelt out. */
export interface Told {
  /** Ids of the denials that have a log record, in the order of the records; left out where none can arrive. */
  readonly records?: readonly string[];
  /** Metric name → its points: labels in the order of the semantic conventions, and the count. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A recorder on some telemetry, working or not. The matrix runs on each: no decision may depend on it. */
export interface TelemetryUnderTest extends AsyncDisposable {
  readonly recorder: DenialRecorder;
  /** What arrived, all flushed; undefined where this telemetry cannot tell. */
  told(): Promise<Told | undefined>;
}

/** The matrix runs on each of these. */
export const TELEMETRIES: Readonly<Record<string, () => TelemetryUnderTest>> = {
  "the real SDK": () => {
    const exporter = new InMemoryLogRecordExporter();
    return onSdk(new SimpleLogRecordProcessor({ exporter }), {}, exporter);
  },
  "no SDK at all": () => ({
    recorder: createDenialRecorder(),
    told: async () => undefined,
    [Symbol.asyncDispose]: async () => {},
  }),
  "a logger that throws": () => {
    const fail = (): never => {
      throw new Error("the logger is broken");
    };
    return onSdk({ onEmit: fail, forceFlush: fail, shutdown: fail });
  },
  "an exporter that never answers": () => {
    const never = new Promise<never>(() => {});
    const exporter = {
      export: () => {},
      forceFlush: async () => await never,
      shutdown: async () => await never,
    };
    return onSdk(new BatchLogRecordProcessor({ exporter, exportTimeoutMillis: 60_000 }), IMPATIENT);
  },
  "a ring of one": () =>
    onSdk(new SimpleLogRecordProcessor({ exporter: new InMemoryLogRecordExporter() }), {
      ringSize: 1,
    }),
};

/** Flush timeout of telemetry that never delivers: the test need not wait longer. */
const IMPATIENT = { flushTimeoutMillis: 200, shutdownTimeoutMillis: 200 } as const;

/** The SDK with this log processor; its metrics work, so the counters are told exactly whatever becomes of the records. */
function onSdk(
  processor: LogRecordProcessor,
  options: DenialRecorderOptions = {},
  exporter?: InMemoryLogRecordExporter,
): TelemetryUnderTest {
  class Reader extends MetricReader {
    async onForceFlush(): Promise<void> {}
    async onShutdown(): Promise<void> {}
  }
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const loggerProvider = new LoggerProvider({ processors: [processor] });
  const recorder = createDenialRecorder({ ...options, meterProvider, loggerProvider });

  const told = async (): Promise<Told> => {
    await recorder.flush();
    const records = exporter
      ?.getFinishedLogRecords()
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
      ...(records === undefined ? {} : { records }),
      counters: Object.fromEntries(counted.map((metric) => [metric.name, pointsOf(metric)])),
    };
  };
  return {
    recorder,
    told,
    async [Symbol.asyncDispose]() {
      await recorder.shutdown();
      await meterProvider.shutdown();
      // Some of these never end, or throw: that is what they are for.
      if (exporter !== undefined) await loggerProvider.shutdown();
    },
  };
}

interface CounterNames {
  readonly name: string;
  readonly attributes: readonly { readonly name: string }[];
}
