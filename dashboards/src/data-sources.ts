/** Data sources by variable: a dashboard names none of its own. */
export const PROMETHEUS = { type: "prometheus", uid: "${prometheus_datasource}" } as const;
export const LOKI = { type: "loki", uid: "${loki_datasource}" } as const;
