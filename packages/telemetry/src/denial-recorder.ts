import type { LoggerProvider, MeterProvider } from "@opentelemetry/api";
import type { Capability, CellTotals, DenialSink, Policy } from "@pyisolate/policy";

import type { Health } from "./health.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** Counts denials and makes them log records. Everything synchronous on it never throws and never waits. */
export interface DenialRecorder extends DenialSink, AsyncDisposable {
  allowed(capability: Capability): void;
  closed(totals: CellTotals): void;
  /** Says by a process warning, a `SeriesBudgetWarning`, where a policy needs more series than there is room for. */
  policyLoaded(policy: Policy): void;
  /**
   * What became of the denials of the process, or of one cell. A cell past the series budget, or closed long ago, is
   * accounted for under `_other`, and that ledger is returned.
   */
  ledger(cell?: string): Ledger;
  /** Whether log records reach anybody, as of now. */
  health(): Health;
  /** Resolves when everything recorded so far has been handed on and the providers have flushed, or time is up. */
  flush(): Promise<void>;
  /** As {@link flush}, once; what is recorded from then on is counted, without a log record. */
  shutdown(): Promise<void>;
  /** Hands what has been counted to the meter so far, then goes on with this provider's. */
  setMeterProvider(provider: MeterProvider): void;
  setLoggerProvider(provider: LoggerProvider): void;
}
