/** Grafana's names of the units that we use: another one is shown as text behind the number. */
export const UNITS: ReadonlySet<string> = new Set([
  "none",
  "string",
  "short",
  "percentunit",
  "bytes",
  "cps",
  "s",
]);
