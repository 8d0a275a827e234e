import { METRICS } from "@pyisolate/telemetry";
import { series } from "../promql.ts";

const each = "sum by (job, instance)";

/**
 * denied - emitted - coalesced - dropped - pending, by process. Computed from totals and not from rates: each process exports
 * all of them in one collection, and only the difference at that moment has a meaning.
 */
export const residual = [
  `(${each} (${series(METRICS.denialEvents)}) or 0 * ${each} (${series(METRICS.queueSize)}))`,
  `${each} (${series(METRICS.records)})`,
  `${each} (${series(METRICS.queueSize)})`,
].join(" - ");
