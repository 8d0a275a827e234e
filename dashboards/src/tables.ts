import type { DataTransformerConfig } from "@grafana/grafana-foundation-sdk/dashboard";

/** A column: the field's name in the data, and its heading. */
export type Column = readonly [field: string, heading: string];

/** The columns of an answer of Prometheus, in this order. */
export function columns(...wanted: readonly Column[]): DataTransformerConfig[] {
  return [organize(wanted, { Time: true })];
}

/** The columns of records in Loki: the time, and what `keep` left on them. */
export function recordColumns(...wanted: readonly Column[]): DataTransformerConfig[] {
  return [
    {
      id: "extractFields",
      options: { source: "labels", format: "json", keepTime: true, replace: true },
    },
    organize([["Time", "Time"], ...wanted], {}),
  ];
}

function organize(
  wanted: readonly Column[],
  excludeByName: Readonly<Record<string, boolean>>,
): DataTransformerConfig {
  return {
    id: "organize",
    options: {
      excludeByName,
      indexByName: Object.fromEntries(wanted.map(([field], index) => [field, index])),
      renameByName: Object.fromEntries(wanted),
    },
  };
}
