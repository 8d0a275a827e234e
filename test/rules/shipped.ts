import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { parse } from "yaml";

/** A rule as Prometheus reads it: a recording rule has `record`, an alert has `alert`. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly interval?: string;
    readonly rules: readonly Rule[];
  }[];
}

export type Alert = Rule & { readonly alert: string };

/** The folder of the rules, found as who installed the package finds it. */
const FOLDER = path.dirname(
  fileURLToPath(import.meta.resolve("@pyisolate/telemetry/rules/denials.yaml")),
);

/** Absolute paths of the rule files that the package ships. */
export const RULE_FILES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => path.join(FOLDER, name));

export function readRuleFile(file: string): RuleFile {
  return parse(readFileSync(file, "utf8")) as RuleFile;
}

export const RULES: readonly Rule[] = RULE_FILES.flatMap((file) =>
  readRuleFile(file).groups.flatMap(({ rules }) => rules),
);

export const ALERTS: readonly Alert[] = RULES.filter(
  (rule): rule is Alert => rule.alert !== undefined,
);
