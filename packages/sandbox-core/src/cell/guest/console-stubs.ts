import type { ConsoleLevel } from "../../frames.ts";
import type { Answers } from "./answers-and-errors.ts";
import type { Bridge } from "./bridge.ts";
import type { LibraryLoader } from "./library-loader.ts";
import type { Primordials } from "./primordials.ts";

/** `console`, which formats as Node's does. Planted by its source text. */
export function consoleStubs(
  bridge: Pick<Bridge, "console">,
  { apply, create, Error, indexOf, own, slice, text, toStringTag }: Primordials,
  { valueOf }: Pick<Answers, "valueOf">,
  { load }: LibraryLoader,
  now: () => number,
  limits: { readonly maxText: number },
) {
  type Format = (...values: unknown[]) => unknown;
  type Table = (data: unknown, columns?: unknown) => unknown;

  /** Longest text of one call, in UTF-16 code units. */
  const maxCall = 64 * limits.maxText;
  let indent = "";

  /** Whether a value looks the same without the formatter, which is loaded for all others. */
  function isPlain(value: unknown): boolean {
    return (
      typeof value === "string" ||
      typeof value === "boolean" ||
      value === undefined ||
      value === null ||
      (typeof value === "number" && (value !== 0 || 1 / value > 0))
    );
  }

  function formatted(values: unknown[]): string {
    const first = values.length > 0 ? values[0] : "";
    let isSimple = values.length < 2 || typeof first !== "string" || indexOf(first, "%") === -1;
    let line = "";
    for (let index = 0; isSimple && index < values.length; index++) {
      const value = values[index];
      isSimple = isPlain(value);
      if (isSimple) line += (index === 0 ? "" : " ") + slice(text(value), 0, maxCall);
      if (line.length > maxCall) break;
    }
    if (isSimple) return line;
    try {
      const made = apply((load("inspect") as { format: Format }).format, undefined, values);
      return typeof made === "string" ? made : "[unprintable]";
    } catch {
      // What the values' own code throws must not come out of a call that only prints.
      line = "";
      for (let index = 0; index < values.length; index++) {
        const value = values[index];
        line += (index === 0 ? "" : " ") + (isPlain(value) ? text(value) : "[unprintable]");
      }
      return line;
    }
  }

  /** What was written without the end of its line yet, by stream. What is printed to the stream next goes on in that line. */
  const begun = { out: "", err: "" };
  /** How many calls run. Text without the end of its line waits only while one does. */
  let running = 0;
  const streamOf = (level: ConsoleLevel): "out" | "err" =>
    level === "warn" || level === "error" ? "err" : "out";

  /** Writes each line of a text as a line of its own: the host takes lines. */
  function lines(level: ConsoleLevel, margin: string, whole: string, isEnded: boolean): void {
    const stream = streamOf(level);
    const all = slice(whole, 0, maxCall);
    let start = begun[stream];
    begun[stream] = "";
    let from = 0;
    for (;;) {
      const end = indexOf(all, "\n", from);
      const line = start + margin + slice(all, from, end === -1 ? all.length : end);
      start = "";
      if (end === -1 && !isEnded) {
        begun[stream] = slice(line, 0, limits.maxText);
        return;
      }
      valueOf(bridge.console(level, slice(line, 0, limits.maxText)));
      if (end === -1) return;
      from = end + 1;
    }
  }

  const print = (level: ConsoleLevel, whole: string): void => lines(level, indent, whole, true);

  /** Prints the lines that have no end yet. */
  function flush(): void {
    if (begun.out !== "") lines("log", "", "", true);
    if (begun.err !== "") lines("error", "", "", true);
  }

  /** Writes a text as it is, as to a stream. */
  function write(level: ConsoleLevel, whole: string): void {
    lines(level, "", whole, false);
    if (running === 0) flush();
  }

  const counts = create(null) as Record<string, number>;
  const times = create(null) as Record<string, number>;

  function label(given: unknown): string {
    return given === undefined ? "default" : slice(text(given), 0, limits.maxText);
  }

  function took(name: string): string {
    const milliseconds = now() - (times[name] as number);
    return `${name}: ${milliseconds >= 1000 ? `${text(milliseconds / 1000)}s` : `${text(milliseconds)}ms`}`;
  }

  /** The guest's own frames of the stack, each after a line break. */
  function frames(): string {
    let stack: unknown;
    try {
      ({ stack } = new Error(""));
    } catch {
      // The guest prepares stacks by a function of its own, which threw.
    }
    if (typeof stack !== "string") return "";
    let shown = "";
    let from = indexOf(stack, "\n");
    while (from !== -1) {
      const end = indexOf(stack, "\n", from + 1);
      const line = slice(stack, from, end === -1 ? stack.length : end);
      if (indexOf(line, "\n    at ") === 0 && indexOf(line, "pyisolate:guest:") === -1)
        shown += line;
      from = end;
    }
    return shown;
  }

  const methods: Record<string, (...values: unknown[]) => void> = {
    debug: (...values) => print("debug", formatted(values)),
    log: (...values) => print("log", formatted(values)),
    info: (...values) => print("info", formatted(values)),
    warn: (...values) => print("warn", formatted(values)),
    error: (...values) => print("error", formatted(values)),
    trace: (...values) =>
      print("error", `Trace${values.length === 0 ? "" : ": "}${formatted(values)}${frames()}`),
    clear: () => undefined,
    timeStamp: () => undefined,
    dir: (value, options) => {
      let shown: unknown;
      try {
        shown = apply((load("inspect") as { inspect: Format }).inspect, undefined, [
          value,
          options,
        ]);
      } catch {
        shown = undefined;
      }
      print("log", typeof shown === "string" ? shown : "[unprintable]");
    },
    dirxml: (...values) => print("log", formatted(values)),
    table: (data, columns) => {
      let made: unknown;
      try {
        made = apply((load("console-table") as { table: Table }).table, undefined, [data, columns]);
      } catch {
        made = undefined;
      }
      print("log", typeof made === "string" ? made : formatted([data]));
    },
    assert: (isTrue, ...values) => {
      if (isTrue) return;
      const head = "Assertion failed";
      const first = values.length > 0 ? values[0] : undefined;
      if (values.length === 0) print("warn", head);
      else if (typeof first === "string") print("warn", `${head}: ${formatted(values)}`);
      else print("warn", `${head} ${formatted(values)}`);
    },
    group: (...values) => {
      if (values.length > 0) print("log", formatted(values));
      if (indent.length < 64) indent += "  ";
    },
    groupEnd: () => {
      indent = slice(indent, 2);
    },
    count: (name) => {
      const key = label(name);
      const times = (counts[key] ?? 0) + 1;
      counts[key] = times;
      print("log", `${key}: ${text(times)}`);
    },
    countReset: (name) => {
      delete counts[label(name)];
    },
    time: (name) => {
      times[label(name)] = now();
    },
    timeLog: (name, ...values) => {
      const key = label(name);
      if (times[key] === undefined) return;
      print("log", `${took(key)}${values.length === 0 ? "" : ` ${formatted(values)}`}`);
    },
    timeEnd: (name) => {
      const key = label(name);
      if (times[key] === undefined) return;
      print("log", took(key));
      delete times[key];
    },
  };
  const console: Record<string, unknown> = {};
  for (const name in methods) own(console, name, methods[name], true);
  own(console, "groupCollapsed", methods["group"], true);
  own(console, toStringTag, "console");

  return {
    console,
    print,
    write,
    /** Called when a call into the guest begins. */
    callBegins: (): void => {
      running += 1;
    },
    /** Called when one ends: there may be no later moment for text that has no end of its line. */
    callEnds: (): void => {
      running -= 1;
      try {
        flush();
      } catch {
        // The call has no output left, which ends no call that has come to its end.
      }
    },
  };
}
