import { parseArgs } from "node:util";

import type { LogStoreAt } from "./ask/find-log-store.ts";
import type { Filter } from "./selector.ts";
import { parseRange, type TimeRange } from "./time-range.ts";

export const USAGE = `Usage: pnpm report [options]

Writes one HTML page of what was refused in a range of time: to whom, by which rule, by which layer, and whether you were
blind. It asks Prometheus for the counts and a log store for the records, VictoriaLogs or Loki, needs no Grafana, and the page
asks for nothing more.

  --prometheus URL   http://127.0.0.1:9090 unless given
  --victorialogs URL where the records are: a VictoriaLogs
  --loki URL         where the records are: a Loki
  --logs URL         where the records are: either, it is found out which
                     None of the three: a VictoriaLogs at http://127.0.0.1:9428, or else a Loki at http://127.0.0.1:3100
  --no-logs          counts only: no log store is asked
  --from TIME        -1h unless given: 2026-11-22T21:00:00Z, or before now: -90m, -7d (units s, m, h, d, w)
  --to TIME          now unless given, written the same way
  --job NAME         one service: what Prometheus calls job, service.namespace/service.name or service.name
  --instance ID      one process: what Prometheus calls instance, service.instance.id
  --cell NAME        one cell; only the counts by cell and the records can be narrowed to it
  --out FILE         denials-FROM.html in this folder unless given; an existing file is replaced
  --help             this text

Exit code: 0; 1 where Prometheus or the log store did not answer (what the other one said is written all the same, and the
page says what is missing) or the page could not be written; 2 for wrong options.
`;

/** What was asked for. */
export interface Options {
  readonly prometheus: URL;
  /** Where the log store may be, and which it is then; undefined where none is to be asked. */
  readonly logs: readonly [LogStoreAt, ...LogStoreAt[]] | undefined;
  readonly range: TimeRange;
  readonly filter: Filter;
  readonly out: string;
}

/**
 * The options, or `help`.
 *
 * @param now Unix milliseconds.
 * @throws {RangeError | TypeError} Of wrong usage.
 */
export function parseOptions(args: readonly string[], now: number): Options | "help" {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: joined(args),
    options: {
      prometheus: { ...text, default: "http://127.0.0.1:9090" },
      victorialogs: text,
      loki: text,
      logs: text,
      "no-logs": { type: "boolean", default: false },
      // What it was called while a Loki was the only one.
      "no-loki": { type: "boolean", default: false },
      from: { ...text, default: "-1h" },
      to: { ...text, default: "now" },
      job: text,
      instance: text,
      cell: text,
      out: text,
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const range = parseRange(values.from, values.to, now);
  return {
    prometheus: address("--prometheus", values.prometheus),
    logs: logsOf({ ...values, none: values["no-logs"] || values["no-loki"] }),
    range,
    filter: {
      ...given("job", values.job),
      ...given("instance", values.instance),
      ...given("cell", values.cell),
    },
    out: values.out ?? `denials-${fileTime(range.from)}.html`,
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
    throw new RangeError(`${options.join(" and ")} contradict each other.`);
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

// parseArgs takes `-1h` for an option of its own, and wants it written --from=-1h.
function joined(args: readonly string[]): string[] {
  const all: string[] = [];
  for (const arg of args) {
    const before = all.at(-1);
    if ((before === "--from" || before === "--to") && arg.startsWith("-") && !arg.startsWith("--"))
      all[all.length - 1] = `${before}=${arg}`;
    else all.push(arg);
  }
  return all;
}

function address(option: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RangeError(
      `${option} ${JSON.stringify(text)} is no address: write it as http://127.0.0.1:9090.`,
    );
  if (url.username !== "" || url.password !== "")
    throw new RangeError(`${option} may hold no user or password: fetch refuses such an address.`);
  return url;
}

function given<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  if (value === "") throw new RangeError(`--${key} is empty.`);
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}

function fileTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(":", "");
}
