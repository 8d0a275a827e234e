import { type OptionTable, type OptionValues, UsageError } from "../command.ts";
import type { LogStoreAt } from "./ask/find-log-store.ts";
import type { Filter } from "./selector.ts";
import { parseRange, type TimeRange } from "./time-range.ts";

/** The options of `pyisolate report`. */
export const REPORT_OPTIONS = {
  "--prometheus": { value: "URL", help: "http://127.0.0.1:9090 unless given" },
  "--victorialogs": { value: "URL", help: "where the records are: a VictoriaLogs" },
  "--loki": { value: "URL", help: "where the records are: a Loki" },
  "--logs": {
    value: "URL",
    help: `where the records are: either, it is found out which
None of the three: a VictoriaLogs at http://127.0.0.1:9428, or else a Loki at http://127.0.0.1:3100`,
  },
  "--no-logs": { help: "counts only: no log store is asked" },
  // The option's old name, from when Loki was the only log store.
  "--no-loki": { help: "the same", hidden: true },
  "--from": {
    value: "TIME",
    help: "-1h unless given: 2026-11-22T21:00:00Z, or before now: -90m, -7d (units s, m, h, d, w)",
  },
  "--to": { value: "TIME", help: "now unless given, written the same way" },
  "--job": {
    value: "NAME",
    help: "one service: what Prometheus calls job, service.namespace/service.name or service.name",
  },
  "--instance": {
    value: "ID",
    help: "one process: what Prometheus calls instance, service.instance.id",
  },
  "--cell": {
    value: "NAME",
    help: "one cell; only the counts by cell and the records can be narrowed to it",
  },
  "--out": {
    value: "FILE",
    help: "denials-FROM.html in this folder unless given; an existing file is replaced",
  },
} as const satisfies OptionTable;

/** The parsed options of a report. */
export interface Options {
  readonly prometheus: URL;
  /** The addresses at which a log store may be, each with its kind; undefined if none is to be asked. */
  readonly logs: readonly [LogStoreAt, ...LogStoreAt[]] | undefined;
  readonly range: TimeRange;
  readonly filter: Filter;
  readonly out: string;
}

/**
 * Parses the given options.
 *
 * @param now Unix milliseconds.
 * @throws UsageError for an invalid value, or for two that contradict each other.
 */
export function reportOptions(values: OptionValues<typeof REPORT_OPTIONS>, now: number): Options {
  const range = parseRange(values["--from"] ?? "-1h", values["--to"] ?? "now", now);
  const { "--job": job, "--instance": instance, "--cell": cell } = values;
  return {
    prometheus: address("--prometheus", values["--prometheus"] ?? "http://127.0.0.1:9090"),
    logs: logsOf({
      victorialogs: values["--victorialogs"],
      loki: values["--loki"],
      logs: values["--logs"],
      none: values["--no-logs"] ?? values["--no-loki"] ?? false,
    }),
    range,
    filter: {
      ...(job !== undefined && { job }),
      ...(instance !== undefined && { instance }),
      ...(cell !== undefined && { cell }),
    },
    out: values["--out"] ?? `denials-${fileTime(range.from)}.html`,
  };
}

function logsOf(values: {
  readonly victorialogs?: string | undefined;
  readonly loki?: string | undefined;
  readonly logs?: string | undefined;
  readonly none: boolean;
}): Options["logs"] {
  const { victorialogs, loki, logs, none } = values;
  const said = Object.entries({ victorialogs, loki, logs }).filter(([, url]) => url !== undefined);
  if (said.length + Number(none) > 1) {
    const options = [...said.map(([name]) => `--${name}`), ...(none ? ["--no-logs"] : [])];
    throw new UsageError(`${options.join(" and ")} contradict each other.`);
  }
  if (none) return undefined;
  if (victorialogs !== undefined)
    return [{ name: "VictoriaLogs", url: address("--victorialogs", victorialogs) }];
  if (loki !== undefined) return [{ name: "Loki", url: address("--loki", loki) }];
  const either = (option: string, one: string, other: string) =>
    [
      { name: "VictoriaLogs", url: address(option, one) },
      { name: "Loki", url: address(option, other) },
    ] as const;
  return logs === undefined
    ? either("--logs", "http://127.0.0.1:9428", "http://127.0.0.1:3100")
    : either("--logs", logs, logs);
}

/** @throws UsageError for what is not an address, or one with a user or a password. */
export function address(option: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      `${option} ${JSON.stringify(text)} is not an address: write it as http://127.0.0.1:9090.`,
    );
  if (url.username !== "" || url.password !== "")
    throw new UsageError(`${option} may hold no user or password: fetch refuses such an address.`);
  return url;
}

function fileTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(":", "");
}
