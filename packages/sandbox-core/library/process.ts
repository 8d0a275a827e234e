import { now, print, queueMicrotask, write } from "#runtime";

import { invalidArgument } from "./argument-errors.ts";

// The part of Node's `process` that a guest has. It says nothing about the cell's real process.

type Task = (...args: never[]) => void;

export function nextTick(callback: unknown, ...args: unknown[]): void {
  queueMicrotask(() => void Reflect.apply(callback as Task, undefined, args));
}

function hrtime(since?: readonly [number, number]): [number, number] {
  const nanoseconds = hrtime.bigint();
  const seconds = Number(nanoseconds / 1_000_000_000n) - (since?.[0] ?? 0);
  const rest = Number(nanoseconds % 1_000_000_000n) - (since?.[1] ?? 0);
  return rest < 0 ? [seconds - 1, rest + 1_000_000_000] : [seconds, rest];
}
hrtime.bigint = (): bigint => BigInt(Math.round(now() * 1000)) * 1000n;

/** A stream as far as writing text goes. Each line of it is a line on the host's console. */
const output = (level: "log" | "error") => ({
  write(chunk: unknown, ...rest: unknown[]): boolean {
    if (typeof chunk !== "string" && !ArrayBuffer.isView(chunk))
      throw invalidArgument(
        "chunk",
        "of type string or an instance of Buffer, TypedArray, or DataView",
        chunk,
      );
    write(level, typeof chunk === "string" ? chunk : textOf(chunk));
    const done = rest.at(-1);
    if (typeof done === "function") nextTick(done);
    return true;
  },
});

function textOf(view: ArrayBufferView): string {
  const { TextDecoder } = require("./encoding.ts") as typeof import("./encoding.ts");
  return new TextDecoder().decode(view as Uint8Array);
}

const version = "v24.21.0";

const process = {
  env: {} as Record<string, string>,
  argv: [] as string[],
  platform: "linux",
  /** The Node whose names the library follows; programs ask whether there is one. */
  version,
  versions: { node: version.slice(1) },
  execArgv: [] as string[],
  argv0: "node",
  stdout: output("log"),
  stderr: output("error"),
  cwd: (): string => "/",
  uptime: (): number => now() / 1000,
  emitWarning: (warning: unknown): void => print("error", String(warning)),
  hrtime,
  nextTick,
};
// By this tag packages tell Node from a browser.
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });

export { process as default, process as "module.exports" };
