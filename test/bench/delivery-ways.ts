import { context, SeverityNumber, type Logger } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import type { DenialEvent } from "@pyisolate/policy";
import { ATTRIBUTES as A, createDenialRecorder, EVENTS } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { LineFiles } from "./line-files.ts";

/** How denials become records at the Collector. */
export const WAYS = ["bare", "live", "queue", "tail"] as const;
export type Way = (typeof WAYS)[number];

/** Denials before the clock starts, so that code is compiled and connections are open. */
export const WARM_UP = 4096;

export interface WayOptions {
  readonly endpoint: string;
  /** Where records wait, for the ways that have such a place. */
  readonly folder: string;
}

/** One way, running. */
export interface Sending {
  /** Takes the denials of one turn of the host's event loop. */
  send(events: readonly DenialEvent[]): Promise<void>;
  /** Resolves when all records survive this process, or have been delivered where none would survive. */
  durable(): Promise<void>;
  /** Resolves when this process has nothing left to send. */
  handedOver(): Promise<void>;
}

/** Longer than any of this takes, milliseconds. */
const PATIENCE = 600_000;
const SERVICE = "bench";

export function startWay(way: Way, options: WayOptions): Sending {
  switch (way) {
    case "bare":
      return bare(options);
    case "tail":
      return tail(options);
    case "live":
    case "queue":
      return ours(way, options);
  }
}

// None coalesces, so that a record is a denial: room for all, and a budget that no cell reaches.
const EVERY_ONE = { recordsPerSecond: 1_000_000, ringSize: 1 << 20 };

function ours(way: "live" | "queue", { endpoint, folder }: WayOptions): Sending {
  const otel = startTelemetry({
    serviceName: SERVICE,
    endpoint,
    metrics: "none",
    global: false,
    flushTimeoutMillis: PATIENCE,
    ...(way === "queue" ? { spool: folder } : {}),
  });
  const recorder = createDenialRecorder({
    loggerProvider: otel.loggerProvider,
    flushTimeoutMillis: PATIENCE,
    ...EVERY_ONE,
  });
  return {
    async send(events) {
      for (const event of events) recorder.record(event);
    },
    durable: async () => await recorder.flush(),
    handedOver: async () => {
      await recorder.flush();
      await otel.flush();
    },
  };
}

function tail({ folder }: WayOptions): Sending {
  const loggerProvider = new LoggerProvider({
    resource: resourceFromAttributes({ "service.name": SERVICE }),
    processors: [new LineFiles(folder)],
  });
  const recorder = createDenialRecorder({
    loggerProvider,
    flushTimeoutMillis: PATIENCE,
    ...EVERY_ONE,
  });
  const written = async () => await recorder.flush();
  return {
    async send(events) {
      for (const event of events) recorder.record(event);
    },
    durable: written,
    handedOver: written,
  };
}

/** The SDK's own processor and exporter, at a pace at which they lose nothing. */
function bare({ endpoint }: WayOptions): Sending {
  const loggerProvider = new LoggerProvider({
    resource: resourceFromAttributes({ "service.name": SERVICE }),
    processors: [
      new BatchLogRecordProcessor({
        exporter: new OTLPLogExporter({ url: `${endpoint}/v1/logs` }),
      }),
    ],
  });
  const logger = loggerProvider.getLogger("@pyisolate/telemetry", "0.1.0");
  return {
    async send(events) {
      for (const event of events) emit(logger, event);
      await loggerProvider.forceFlush();
    },
    durable: async () => await loggerProvider.forceFlush(),
    handedOver: async () => await loggerProvider.forceFlush(),
  };
}

/** The same record as the recorder's, made by hand. */
function emit(logger: Logger, event: DenialEvent): void {
  logger.emit({
    eventName: EVENTS.denial.name,
    timestamp: event.time,
    severityNumber: SeverityNumber.WARN,
    body: `denied ${event.capability} ${event.operation} to ${event.cell} (${event.reason}, rule ${event.policyRule}): ${event.target}`,
    attributes: {
      [A.cell.name]: event.cell,
      [A.capability.name]: event.capability,
      [A.operation.name]: event.operation,
      [A.attemptedAction.name]: event.attemptedAction,
      [A.policyRule.name]: event.policyRule,
      [A.brokerDecision.name]: event.brokerDecision,
      [A.kernelDecision.name]: event.kernelDecision,
      [A.reason.name]: event.reason,
      [A.enforced.name]: event.enforced,
      [A.denialId.name]: event.id,
      [A.denialSeq.name]: event.seq,
      [A.denialCount.name]: 1,
      [A.ruleName.name]: event.policyRule,
      [A.errorType.name]: event.reason,
    },
    context: context.active(),
  });
}
