import { now, print, queueMicrotask } from "#runtime";

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
function output(level: "log" | "error") {
  let line = "";
  return {
    isTTY: false,
    write(text: unknown): boolean {
      const lines = (line + String(text)).split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) print(level, whole);
      return true;
    },
  };
}

export const env: Record<string, string> = {};
export const argv: string[] = [];
export const platform = "linux";
/** The Node whose names the library follows; programs ask whether there is one. */
export const version = "v24.21.0";
export const versions = { node: version.slice(1) };
export const execArgv: string[] = [];
export const argv0 = "node";
export const stdout = output("log");
export const stderr = output("error");
export const cwd = (): string => "/";
export const uptime = (): number => now() / 1000;
export const emitWarning = (warning: unknown): void => print("error", String(warning));
export { hrtime };
