import { setTimeout as sleep } from "node:timers/promises";

import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry, type Delivery } from "@pyisolate/telemetry/sdk";

/** Where a service sends, and how. */
export interface Load {
  readonly endpoint: string;
  readonly spool?: string | { readonly directory: string; readonly maxBytes?: number };
  readonly shutdownTimeoutMillis?: number;
  readonly serviceName?: string;
  /** "none" unless given: without a Collector's counters in the way. */
  readonly metrics?: "otlp";
}

/** How many cells deny. */
const CELLS = 100;

/** A service that denies as it is told. */
export function startService(load: Load) {
  const otel = startTelemetry({
    serviceName: "faults",
    metrics: "none",
    global: false,
    ...load,
  });
  const denials = createDenialRecorder({
    loggerProvider: otel.loggerProvider,
    meterProvider: otel.meterProvider,
    // None coalesces: a record is a denial, and an id.
    recordsPerSecond: 1_000_000,
    // The recorder waits as long for the far end as what sends to it.
    ...(load.shutdownTimeoutMillis === undefined
      ? {}
      : { shutdownTimeoutMillis: load.shutdownTimeoutMillis }),
  });
  let denied = 0;
  return {
    otel,
    denials,
    /** So many at once, in as many cells as there are. */
    deny(count: number): void {
      for (let n = 0; n < count; n++) {
        const cell = `cell-${denied % CELLS}`;
        denied += 1;
        denials.record(denialEvent({ cell, capability: "random", operation: "read" }));
      }
    },
    /** So many, for so long. */
    async denyFor(millis: number, perTick = 50): Promise<void> {
      for (const end = Date.now() + millis; Date.now() < end; await sleep(20)) this.deny(perTick);
    },
    get denied(): number {
      return denied;
    },
    /** Ends, and gives the service's own account: what the recorder gave up, and what was lost after it. */
    async end(): Promise<Delivery> {
      await denials.shutdown();
      await otel.shutdown();
      const delivery = otel.delivery();
      const lost: Record<string, number> = { ...delivery.lost };
      for (const [reason, count] of Object.entries(denials.ledger().dropped)) {
        lost[reason] = (lost[reason] ?? 0) + count;
      }
      return { ...delivery, lost };
    },
  };
}
