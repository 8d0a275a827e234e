import type { Variable } from "./dashboard.ts";

/** A variable and what of it is chosen. */
export interface Put {
  readonly variable: Variable;
  readonly values: "all" | readonly string[];
  /** All that there is to choose. */
  readonly options: readonly string[];
}

/**
 * A LogsQL query with its variables put in as VictoriaLogs' plugin for Grafana puts them in (0.30.1): in `in()` it writes
 * each value as a string of JSON; where all is chosen and `.*` stands for it, it asks for every value.
 */
export function putIntoLogsql(expr: string, variableOf: (name: string) => Put): string {
  return expr
    .replaceAll(/\bin\(\$(\w+)\)/g, (_, name: string) => {
      const { variable, values, options } = variableOf(name);
      // Grafana itself, before the plugin has a say.
      if (values === "all" && (variable.allValue ?? "") !== "") return `in(${variable.allValue})`;
      const chosen = values === "all" ? options : values;
      return `in(${chosen.map((value) => JSON.stringify(value)).join(",")})`;
    })
    .replaceAll(/:in\((?:\.\*|"\.\*"|\*|"\*")\)/g, ":in(*)");
}

/** What the plugin has a panel's query sorted by, where it does not say so itself. */
export function sortedByPlugin(expr: string): string {
  return /\|\s*(?:sort|order)\s*by\s*\(/i.test(expr) ? expr : `${expr} | sort by (_time) desc`;
}
