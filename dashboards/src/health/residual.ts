import { ATTRIBUTES, METRICS } from "@pyisolate/telemetry";
import { isNot, series } from "../promql.ts";

const each = "sum by (job, instance)";

/**
 * denied - emitted - coalesced - dropped - pending, by process. Of totals, not of rates: each process exports all of them in
 * one collection, and only their difference as of it says something. What is invalid was recorded, and is no denial event.
 */
export const residual = [
  `(${each} (${series(METRICS.denialEvents)}) or 0 * ${each} (${series(METRICS.queueSize)}))`,
  `${each} (${series(METRICS.records, isNot(ATTRIBUTES.dropReason, "invalid"))})`,
  `${each} (${series(METRICS.queueSize)})`,
].join(" - ");
