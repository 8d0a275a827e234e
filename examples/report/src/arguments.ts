import { parseArgs } from "node:util";

import type { Filter } from "./selector.ts";
import { parseRange, type TimeRange } from "./time-range.ts";

export const USAGE = `Usage: pnpm report [options]

Writes one HTML page of what was refused in a range of time: to whom, by which rule, by which layer, and whether you were
blind. It asks Prometheus for the counts and Loki for the records, needs no Grafana, and the page asks for nothing more.

  --prometheus URL   http://127.0.0.1:9090 unless given
  --loki URL         http://127.0.0.1:3100 unless given
  --no-loki          counts only: Loki is not asked
  --from TIME        -1h unless given: 2026-11-22T21:00:00Z, or before now: -90m, -7d (units s, m, h, d, w)
  --to TIME          now unless given, written the same way
  --job NAME         one service: what Prometheus calls job, service.namespace/service.name or service.name
  --instance ID      one process: what Prometheus calls instance, service.instance.id
  --cell NAME        one cell; only the counts by cell and the records can be narrowed to it
  --out FILE         denials-FROM.html in this folder unless given; an existing file is replaced
  --help             this text

Exit code: 0; 1 where Prometheus or Loki did not answer (what the other one said is written all the same, and the page
says what is missing) or the page could not be written; 2 for wrong options.
`;

/** What was asked for. */
export interface Options {
  readonly prometheus: URL;
  /** Undefined where it is not to be asked. */
  readonly loki: URL | undefined;
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
      loki: text,
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
  if (values["no-loki"] && values.loki !== undefined)
    throw new RangeError("--loki and --no-loki contradict each other.");
  const range = parseRange(values.from, values.to, now);
  return {
    prometheus: address("--prometheus", values.prometheus),
    loki: values["no-loki"] ? undefined : address("--loki", values.loki ?? "http://127.0.0.1:3100"),
    range,
    filter: {
      ...given("job", values.job),
      ...given("instance", values.instance),
      ...given("cell", values.cell),
    },
    out: values.out ?? `denials-${fileTime(range.from)}.html`,
  };
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
