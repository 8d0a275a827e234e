import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { spawnWatched } from "./watchdog.ts";

/** Bytes of output that are kept, from the end. Go prints little; a runaway must not fill memory. */
const OUTPUT_LIMIT = 1 << 20;

export interface CommandResult {
  /** Null where a signal ended it, or it could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams as they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  /** Milliseconds after which it is killed. */
  readonly timeoutMs?: number;
}

/** Runs a command to its end, with all its children; never throws because of what it did. Code 127: there is no such command. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { env, cwd, timeoutMs } = options;
  const { child, release } = spawnWatched(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    // Compilers that Go started lose nothing by being killed.
    graceMs: 0,
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = "";
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout = (stdout + text).slice(-OUTPUT_LIMIT);
    output = (output + text).slice(-OUTPUT_LIMIT);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-OUTPUT_LIMIT);
  });
  // EPIPE: the command ended before it had read all of its input.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");

  const { pid } = child;
  if (pid === undefined) {
    return { code: null, stdout, output: String(await spawnFailure(child)) };
  }
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          output += `\nkilled after ${timeoutMs / 1000} s`;
          process.kill(-pid, "SIGKILL");
        }, timeoutMs);
  try {
    const exit = new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
    });
    // Its children may outlast it, and are still watched over then.
    const [code] = await Promise.all([exit, ended(child.stdout), ended(child.stderr)]);
    return { code, stdout, output };
  } finally {
    clearTimeout(timer);
    release();
  }
}

async function ended(stream: Readable | null): Promise<void> {
  if (stream !== null) await finished(stream);
}

/** Why a child that was just spawned has no process id. */
export async function spawnFailure(child: ChildProcess): Promise<Error> {
  return await new Promise((resolve) => {
    child.once("error", resolve);
  });
}
