import type { LoggerProvider, MeterProvider } from "@opentelemetry/api";
import type { CapabilityName, CellTotals, DenialSink, Policy } from "@pyisolate/policy";

import type { Failure, Health } from "../health.ts";
import type { Ledger } from "../ledger/ledger.ts";

/**
 * Counts denials and turns them into log records. Its synchronous methods never throw, and never wait, except for the disk with
 * `durability: "sync"` of `startTelemetry`.
 */
export interface DenialRecorder extends DenialSink, AsyncDisposable {
  allowed(capability: CapabilityName): void;
  closed(totals: CellTotals): void;
  /** Emits a process warning, a `SeriesBudgetWarning`, if the policy needs more series than there is room for. */
  policyLoaded(policy: Policy): void;
  /** Keeps for `health()` whether a watched policy file is in force. */
  policyFile(path: string, failing: Failure | undefined): void;
  /**
   * What became of the denials of the process, or of one cell. A cell past the series budget, or one that was closed long
   * ago, is accounted for under `_other`: then the ledger of `_other` is returned.
   */
  ledger(cell?: string): Ledger;
  /** Whether log records and counts are delivered at the moment. */
  health(): Health;
  /** Resolves when everything recorded so far has been emitted and the providers have flushed, or when time is up. */
  flush(): Promise<void>;
  /** Flushes and ends the recorder. What is recorded from then on is counted, but has no log record. */
  shutdown(): Promise<void>;
  /** Flushes the counts to the meter so far, then counts with this provider's. */
  setMeterProvider(provider: MeterProvider): void;
  setLoggerProvider(provider: LoggerProvider): void;
}
