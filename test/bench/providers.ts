import {
  BatchLogRecordProcessor,
  InMemoryLogRecordExporter,
  LoggerProvider,
} from "@opentelemetry/sdk-logs";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";

/** Stands in for an exporter, whose cost is the same for every way: it drops what it gets. */
class Nowhere extends InMemoryLogRecordExporter {
  override export(
    _records: unknown,
    done: Parameters<InMemoryLogRecordExporter["export"]>[1],
  ): void {
    super.export([], done);
  }
}

/** A reader that collects when it is told to. */
export class IdleReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Real providers of the real SDK. */
export function realProviders(): { meterProvider: MeterProvider; loggerProvider: LoggerProvider } {
  return {
    meterProvider: new MeterProvider({ readers: [new IdleReader()] }),
    loggerProvider: new LoggerProvider({
      processors: [new BatchLogRecordProcessor({ exporter: new Nowhere(), maxQueueSize: 32_768 })],
    }),
  };
}
