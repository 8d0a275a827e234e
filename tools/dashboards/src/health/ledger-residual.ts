import { METRICS } from "@pyisolate/telemetry";
import { series } from "../promql.ts";

const each = "sum by (job, instance)";

/**
 * denied - emitted - coalesced - dropped - pending, by process. Of totals, not of rates: each process exports all of them in
 * one collection, and only their difference as of it says something.
 */
export const residual = [
  `(${each} (${series(METRICS.denialEvents)}) or 0 * ${each} (${series(METRICS.queueSize)}))`,
  `${each} (${series(METRICS.records)})`,
  `${each} (${series(METRICS.queueSize)})`,
].join(" - ");
