import { METRICS, prometheusName } from "@pyisolate/telemetry";
import type { Prometheus } from "../ask/prometheus.ts";
import { LABELS } from "../names.ts";
import { type Filter, metricSelector } from "../selector.ts";
import type { Grid } from "./time-columns.ts";
import { type Increase, increases } from "./increases.ts";
import { type Ranked, ranked, totalOf } from "./ranking.ts";

/** A pair of rule and reason without a count in the day before the range. */
export interface NewPair {
  readonly rule: string;
  readonly reason: string;
  readonly capabilities: readonly string[];
  readonly total: number;
  /** When the pair was first counted: Unix milliseconds, rounded to a column's width. */
  readonly since: number;
}

/** What the counters say about refusals. Verdicts of a shadow policy are counted only in `shadow`. */
export interface Refusals {
  /** Denials that took effect; with a filter by cell, those of that cell. */
  readonly denials: number;
  /** Denials that took effect in all cells. */
  readonly events: number;
  /** Requests that a shadow policy would have refused. */
  readonly shadow: number;
  readonly decisions: { readonly allow: number; readonly deny: number };
  readonly byCell: readonly Ranked[];
  readonly byCapability: readonly Ranked[];
  readonly byRule: readonly Ranked[];
  readonly byReason: readonly Ranked[];
  /** Denials by the broker's and the kernel's verdict. */
  readonly byLayers: ReadonlyMap<string, number>;
  readonly newPairs: readonly NewPair[];
}

export async function refusals(
  prometheus: Prometheus,
  filter: Filter,
  grid: Grid,
): Promise<Refusals> {
  const [byCell, events, decisions] = await Promise.all([
    increases(prometheus, metricSelector(prometheusName(METRICS.denials), filter, "cell"), grid),
    increases(prometheus, metricSelector(prometheusName(METRICS.denialEvents), filter), grid),
    increases(prometheus, metricSelector(prometheusName(METRICS.decisions), filter), grid),
  ]);
  const enforced = events.filter(({ labels }) => labels[LABELS.enforced] !== "false");
  const by = (label: string) => ranked(enforced, (labels) => labels[label] ?? "");
  const [allow = 0, deny = 0] = (["allow", "deny"] as const).map((decision) =>
    totalOf(decisions.filter(({ labels }) => labels[LABELS.decision] === decision)),
  );
  return {
    denials: totalOf(byCell),
    events: totalOf(enforced),
    shadow: totalOf(events) - totalOf(enforced),
    decisions: { allow, deny },
    byCell: ranked(byCell, (labels) => labels[LABELS.cell] ?? ""),
    byCapability: by(LABELS.capability),
    byRule: by(LABELS.rule),
    byReason: by(LABELS.reason),
    byLayers: new Map(
      ranked(enforced, (labels) =>
        layers(labels[LABELS.broker] ?? "", labels[LABELS.kernel] ?? ""),
      ).map(({ name, total }) => [name, total]),
    ),
    newPairs: newPairs(enforced, grid),
  };
}

/** The key of {@link Refusals.byLayers}. */
export function layers(broker: string, kernel: string): string {
  return JSON.stringify([broker, kernel]);
}

function newPairs(enforced: readonly Increase[], grid: Grid): NewPair[] {
  const pairOf = (labels: Increase["labels"]): string =>
    JSON.stringify([labels[LABELS.rule] ?? "", labels[LABELS.reason] ?? ""]);
  const known = new Set(
    enforced.filter(({ before }) => before > 0).map(({ labels }) => pairOf(labels)),
  );
  const fresh = enforced.filter(({ labels }) => !known.has(pairOf(labels)));
  return ranked(fresh, pairOf)
    .map(({ name, total, columns }) => {
      const [rule = "", reason = ""] = JSON.parse(name) as string[];
      const first = columns.findIndex((count) => count > 0);
      const capabilities = ranked(
        fresh.filter(({ labels }) => pairOf(labels) === name),
        (labels) => labels[LABELS.capability] ?? "",
      );
      return {
        rule,
        reason,
        capabilities: capabilities.map(({ name }) => name),
        total,
        since: (grid.ends[first] ?? grid.to) - grid.step,
      };
    })
    .toSorted((a, b) => a.since - b.since);
}
