import type { DenialEvent } from "./event.ts";
import type { Policy } from "../policy.ts";
import type { CapabilityName } from "../vocabulary.ts";

/** Totals of a cell, given when it ends. */
export interface CellTotals {
  /** The cell's name as in its events. */
  readonly cell: string;
  /** Denials in the whole life of the cell. */
  readonly denials: number;
  /** Allowed requests in the whole life of the cell. */
  readonly allowed: number;
  /** Why the cell ended: the host closed it, or it reached a limit. */
  readonly cause: "closed" | "limit";
}

/**
 * Receives denials. Every method is synchronous, must not throw and must not wait, because a sink may never delay or change a
 * decision. Only `record` is required. The other methods are for sinks that also track the deny ratio and the ends of cells.
 */
export interface DenialSink {
  record(event: DenialEvent): void;
  /**
   * Whether a guest is to be answered only after `record` has returned: for a sink that has the denial on disk by then. Default:
   * the guest is answered first, and does not wait for the sink.
   */
  readonly recordsFirst?: boolean;
  /** Counts one allowed request. */
  allowed?(capability: CapabilityName): void;
  /** The cell has ended: no denial of it will follow. */
  closed?(totals: CellTotals): void;
  /** This policy decides from now on. */
  policyLoaded?(policy: Policy): void;
  /**
   * A policy file that is watched is not in force since `failing.since`, Unix milliseconds, because of `failing.why`: an older policy
   * decides. Without `failing` it is in force again, or not watched any more.
   */
  policyFile?(
    path: string,
    failing: { readonly since: number; readonly why: string } | undefined,
  ): void;
}
