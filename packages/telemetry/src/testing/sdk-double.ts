import {
  AggregationTemporality,
  MeterProvider,
  MetricReader,
  type ViewOptions,
} from "@opentelemetry/sdk-metrics";
import {
  BatchLogRecordProcessor,
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
} from "@opentelemetry/sdk-logs";

/** A reader that collects when a test asks it to. */
export class TestReader extends MetricReader {
  constructor(temporality = AggregationTemporality.CUMULATIVE) {
    super({ aggregationTemporalitySelector: () => temporality });
  }

  async onForceFlush(): Promise<void> {}
  async onShutdown(): Promise<void> {}

  /** Every point of every metric, by name: its labels as a string, and its value. */
  async all(): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    const all = new Map<string, Map<string, number>>();
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        const points = all.get(descriptor.name) ?? new Map<string, number>();
        all.set(descriptor.name, points);
        for (const { attributes, value } of dataPoints) {
          const key = Object.values(attributes).join(" ");
          if (points.has(key)) throw new Error(`${descriptor.name}{${key}} appears twice`);
          points.set(key, Number(value));
        }
      }
    }
    return all;
  }

  async points(metric: string): Promise<ReadonlyMap<string, number>> {
    return (await this.all()).get(metric) ?? new Map<string, number>();
  }

  async sum(metric: string): Promise<number> {
    return sumOf((await this.points(metric)).values());
  }
}

export function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

/** The real SDK: both kinds of reader, and log records kept in memory behind the batch processor. */
export function realSdk(views: ViewOptions[] = []) {
  const cumulative = new TestReader();
  const delta = new TestReader(AggregationTemporality.DELTA);
  const meterProvider = new MeterProvider({ readers: [cumulative, delta], views });
  const exporter = new InMemoryLogRecordExporter();
  const loggerProvider = new LoggerProvider({
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const records = async (): Promise<ReadableLogRecord[]> => {
    await loggerProvider.forceFlush();
    return exporter.getFinishedLogRecords();
  };
  return { cumulative, delta, meterProvider, loggerProvider, records };
}
