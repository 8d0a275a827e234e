import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

/** A promtool test, as far as it is looked at here. */
interface Test {
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts?: readonly unknown[];
  }[];
}

/** Absolute paths of promtool's tests of the rules. */
export const CASE_FILES: readonly string[] = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => path.join(import.meta.dirname, name));

/** A moment at which an alert must fire, or must not, with the metrics that its test has. */
export interface Case {
  readonly alert: string;
  readonly fires: boolean;
  readonly metrics: readonly string[];
}

export const CASES: readonly Case[] = CASE_FILES.flatMap((file) =>
  (parse(readFileSync(file, "utf8")) as { tests: readonly Test[] }).tests.flatMap(
    ({ input_series, alert_rule_test = [] }) =>
      alert_rule_test.map(({ alertname, exp_alerts = [] }) => ({
        alert: alertname,
        fires: exp_alerts.length > 0,
        metrics: input_series.map(({ series }) => series.replace(/\{.*/s, "")),
      })),
  ),
);
