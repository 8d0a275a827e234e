import type { DataTransformerConfig } from "@grafana/grafana-foundation-sdk/dashboard";

/** A column: the field's name in the data, and its heading. */
export type Column = readonly [field: string, heading: string];

/** The fields of the columns. */
export function fieldsOf(columns: readonly Column[]): string[] {
  return columns.map(([field]) => field);
}

/** The columns of an answer of Prometheus, in this order. */
export function columns(...wanted: readonly Column[]): DataTransformerConfig[] {
  return [organize(wanted, { Time: true })];
}

/** The columns of records: the time, and what the query left on them. */
export function recordColumns(...wanted: readonly Column[]): DataTransformerConfig[] {
  return [
    {
      id: "extractFields",
      options: { source: "labels", format: "json", keepTime: true, replace: true },
    },
    organize([["Time", "Time"], ...wanted], {}),
  ];
}

/** The totals of records by one of their fields, the largest first. Grafana adds them up in the browser, where no limit of series applies. */
export function totals(by: Column, count: Column, most: number): DataTransformerConfig[] {
  const [[field], [counted, heading]] = [by, count];
  const sum = `${counted} (sum)`;
  return [
    { id: "extractFields", options: { source: "labels", format: "json", replace: true } },
    {
      id: "convertFieldType",
      options: { fields: {}, conversions: [{ targetField: counted, destinationType: "number" }] },
    },
    {
      id: "groupBy",
      options: {
        fields: {
          [field]: { operation: "groupby", aggregations: [] },
          [counted]: { operation: "aggregate", aggregations: ["sum"] },
        },
      },
    },
    { id: "sortBy", options: { fields: {}, sort: [{ field: sum, desc: true }] } },
    { id: "limit", options: { limitField: most } },
    organize([by, [sum, heading]], {}),
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
