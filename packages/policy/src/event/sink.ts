import type { DenialEvent } from "./event.ts";
import type { Policy } from "../policy.ts";
import type { Capability } from "../vocabulary.ts";

/** A cell's totals at its end. */
export interface CellTotals {
  /** The name, as the cell's events have it. */
  readonly cell: string;
  /** Denials in the cell's whole life. */
  readonly denials: number;
  /** Allowed requests in the cell's whole life. */
  readonly allowed: number;
  /** Why it ended: closed by the host, or the limit that ended it. */
  readonly cause: "closed" | "limit";
}

/**
 * Where denials go. Every method is synchronous, must not throw and must not wait: a sink never delays or changes a
 * decision. Only `record` is asked of it; the rest is for sinks that also keep the deny ratio and the cells' ends.
 */
export interface DenialSink {
  record(event: DenialEvent): void;
  /** Counts one allowed request. */
  allowed?(capability: Capability): void;
  /** The cell has ended: no denial of it will follow. */
  closed?(totals: CellTotals): void;
  /** From now on this policy decides. */
  policyLoaded?(policy: Policy): void;
}
