import { setTimeout as sleep } from "node:timers/promises";

import { createDenialRecorder, denialEvent, type Dropped } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

/** Where a service sends, and how. */
export interface Load {
  readonly endpoint: string;
  readonly spool?: string | { readonly directory: string; readonly maxBytes?: number };
  readonly shutdownTimeoutMillis?: number;
  readonly serviceName?: string;
  /** Default "none": the Collector then has no metrics to export. */
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
    // No denial coalesces, so that each has a record and an id.
    recordsPerSecond: 1_000_000,
    // The recorder waits as long for the server as what sends to it.
    ...(load.shutdownTimeoutMillis === undefined
      ? {}
      : { shutdownTimeoutMillis: load.shutdownTimeoutMillis }),
  });
  let denied = 0;
  return {
    otel,
    denials,
    /** Denies this often in one turn, in all cells in turn. */
    deny(count: number): void {
      for (let n = 0; n < count; n++) {
        const cell = `cell-${denied % CELLS}`;
        denied += 1;
        denials.record(denialEvent({ cell, capability: "random", operation: "read" }));
      }
    },
    /** Denies at this rate for this long. */
    async denyFor(millis: number, perTick = 50): Promise<void> {
      for (const end = Date.now() + millis; Date.now() < end; await sleep(20)) this.deny(perTick);
    },
    get denied(): number {
      return denied;
    },
    /** Ends the service. @returns the service's own account. */
    async end(): Promise<{ readonly lost: Dropped; readonly waiting: number }> {
      await denials.shutdown();
      await otel.shutdown();
      const { denied: known, emitted, coalesced, dropped, pending } = denials.ledger();
      const settled = emitted + coalesced + droppedTotal(dropped);
      if (known !== denied || settled + pending !== denied) throw new Error("unbalanced ledger");
      return { lost: dropped, waiting: pending };
    },
  };
}

function droppedTotal(dropped: Dropped): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}
