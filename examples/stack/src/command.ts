import { type ChildProcess, spawn } from "node:child_process";
import { watch } from "./watchdog.ts";

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

/** Runs a command to its end, with all its children; never throws because of what it did. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    // A group of its own, so that compilers which Go started end with it.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout = (stdout + text).slice(-OUTPUT_LIMIT);
    output = (output + text).slice(-OUTPUT_LIMIT);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-OUTPUT_LIMIT);
  });
  // EPIPE, when it ends before it has read all.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");

  const { pid } = child;
  if (pid === undefined) {
    return { code: null, stdout, output: String(await spawnFailure(child)) };
  }
  const watchdog = watch(pid, 0);
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          output += `\nkilled after ${(options.timeoutMs ?? 0) / 1000} s`;
          process.kill(-pid, "SIGKILL");
        }, options.timeoutMs);
  try {
    const code = await new Promise<number | null>((resolve) => {
      child.once("close", resolve);
    });
    return { code, stdout, output };
  } finally {
    clearTimeout(timer);
    watchdog.release();
  }
}

/** Why a child that was just spawned has no process id. */
export async function spawnFailure(child: ChildProcess): Promise<Error> {
  return await new Promise((resolve) => {
    child.once("error", resolve);
  });
}
