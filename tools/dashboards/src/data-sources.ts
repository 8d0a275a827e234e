/** By variable: a dashboard names no data source of its own. The stores of records have theirs in stores/. */
export const PROMETHEUS = { type: "prometheus", uid: "${prometheus_datasource}" } as const;
