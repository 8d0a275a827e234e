import type { CapabilityName, CellTotals, DenialEvent, Policy } from "@pyisolate/policy";

import type { DenialRecorder } from "../recorder/denial-recorder.ts";
import type { Failure, Health } from "../health.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** A recorder that keeps what it is given, for a test to look at. It has no timers and no providers, and exports nothing. */
export interface TestRecorder extends DenialRecorder {
  /** Every denial so far, the oldest first; verdicts of a shadow policy too, which have `enforced: false`. */
  readonly denials: readonly DenialEvent[];
  /** The capability of every granted request so far, the oldest first. */
  readonly granted: readonly CapabilityName[];
  /** The totals of every cell that has ended. */
  readonly closings: readonly CellTotals[];
  /** Every policy that has begun to decide. */
  readonly policies: readonly Policy[];
  /** What was passed to `record` and is not a denial event: the recorder of a service counts it as `invalid`, and goes on. */
  readonly invalid: readonly unknown[];
  /** Forgets everything. */
  reset(): void;
}

/**
 * Creates a recorder for a test, which is passed wherever a `DenialRecorder` or a `DenialSink` is taken. It keeps every event until
 * `reset()`.
 *
 * @example
 * const denials = createTestRecorder();
 * assert.throws(() => mustAllow(denials, "tenant-a", "write", "reports.daily"), PolicyError);
 * assertDenied(denials, { capability: "database", operation: "write", target: "reports.daily" });
 */
export function createTestRecorder(): TestRecorder {
  return new Recorder();
}

class Recorder implements TestRecorder {
  denials: DenialEvent[] = [];
  granted: CapabilityName[] = [];
  closings: CellTotals[] = [];
  policies: Policy[] = [];
  invalid: unknown[] = [];
  readonly #since = Date.now();
  readonly #files = new Map<string, Failure>();

  record(event: DenialEvent): void {
    if (isEvent(event)) this.denials.push(event);
    else this.invalid.push(event);
  }

  allowed(capability: CapabilityName): void {
    this.granted.push(capability);
  }

  closed(totals: CellTotals): void {
    this.closings.push(totals);
  }

  policyLoaded(policy: Policy): void {
    this.policies.push(policy);
  }

  policyFile(path: string, failing: Failure | undefined): void {
    if (failing === undefined) this.#files.delete(path);
    else this.#files.set(path, failing);
  }

  reset(): void {
    // New lists, so that those that a test has taken stay as they were.
    this.denials = [];
    this.granted = [];
    this.closings = [];
    this.policies = [];
    this.invalid = [];
  }

  ledger(cell?: string): Ledger {
    const own = this.denials.filter((event) => cell === undefined || event.cell === cell).length;
    const invalid = cell === undefined ? this.invalid.length : 0;
    return {
      denied: own + invalid,
      emitted: own,
      coalesced: 0,
      dropped: invalid === 0 ? {} : { invalid },
      pending: 0,
    };
  }

  health(): Health {
    return {
      state: "exporting",
      since: this.#since,
      why: undefined,
      pending: 0,
      lost: this.invalid.length,
      policy: [...this.#files.values()].at(0),
    };
  }

  async flush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  setMeterProvider(): void {}

  setLoggerProvider(): void {}
}

/** Not by `instanceof`: a test may have loaded a second copy of the package, whose events are as good. */
function isEvent(event: unknown): event is DenialEvent {
  if (typeof event !== "object" || event === null) return false;
  const { id, cell, attemptedAction } = event as Record<string, unknown>;
  return [id, cell, attemptedAction].every((field) => typeof field === "string");
}
