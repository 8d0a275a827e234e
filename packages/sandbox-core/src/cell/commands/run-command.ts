import type { ChildProcess } from "node:child_process";

/**
 * How long the pipes may stay open after a command's end before they are given up, milliseconds; a pipe that still delivers
 * output extends it.
 */
const PIPE_GRACE_MS = 250;

/** One run of a command. It is plain data, because it is also posted to a thread. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: Uint8Array;
  readonly limitMs: number;
  /** Most bytes of standard output and standard error together. */
  readonly outputBytes: number;
}

export interface CommandOutcome {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly status: number | null;
  readonly signal: string | null;
  /** Why the command was killed; null if it was not. */
  readonly stopped: "timeout" | "output" | "abort" | null;
  /** Why the command did not start; null if it did. */
  readonly failure: { readonly code: string; readonly errno: number | undefined } | null;
}

/**
 * Runs a command in a process group of its own, until the command's own process ends. Then kills what is left in the group. A
 * descendant that left the group and still holds the pipes is not waited for. Never rejects.
 *
 * @param signal Kills the command when it is aborted.
 */
export async function runCommand(
  { file, args, env, input, limitMs, outputBytes }: Command,
  signal?: AbortSignal,
): Promise<CommandOutcome> {
  if (signal?.aborted === true) return { ...NOTHING, stopped: "abort", failure: null };
  let child: ChildProcess;
  try {
    // Load it at first use: most guests run no command, and the module takes memory in every cell.
    const { spawn } = process.getBuiltinModule("node:child_process");
    child = spawn(file, args, {
      cwd: "/",
      env,
      shell: false,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
  } catch (error) {
    // Node throws some failures, such as E2BIG, instead of emitting an `error` event.
    return failed(error);
  }
  const ended = Promise.withResolvers<void>();
  let failure: unknown;
  let stopped: CommandOutcome["stopped"] = null;
  let grace: NodeJS.Timeout | undefined;
  const letGo = (): void => {
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const stop = (why: "timeout" | "output" | "abort"): void => {
    stopped ??= why;
    killGroup(child.pid);
    letGo();
  };
  const timer = setTimeout(() => stop("timeout"), limitMs);
  const abort = (): void => stop("abort");
  signal?.addEventListener("abort", abort);

  let total = 0;
  const collect = (stream: NodeJS.ReadableStream | null): Buffer[] => {
    const chunks: Buffer[] = [];
    stream?.on("data", (chunk: Buffer) => {
      grace?.refresh();
      const room = Math.max(outputBytes - total, 0);
      total += chunk.length;
      if (room > 0) chunks.push(chunk.subarray(0, room));
      if (total > outputBytes) stop("output");
    });
    return chunks;
  };
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin?.on("error", () => {
    // The command does not read its input, which is not a failure.
  });
  child.stdin?.end(input);

  child.on("error", (error) => {
    failure = error;
    letGo();
    // Without pipes, Node emits no `close`.
    setImmediate(ended.resolve);
  });
  child.on("exit", () => {
    killGroup(child.pid);
    grace = setTimeout(letGo, PIPE_GRACE_MS);
  });
  child.on("close", () => ended.resolve());
  await ended.promise;
  clearTimeout(timer);
  clearTimeout(grace);
  signal?.removeEventListener("abort", abort);
  if (failure !== undefined) return failed(failure);
  return {
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr),
    status: child.exitCode,
    signal: child.signalCode,
    stopped,
    failure: null,
  };
}

/** What a command leaves that did not run. */
const NOTHING = { stdout: new Uint8Array(), stderr: new Uint8Array(), status: null, signal: null };

function failed(error: unknown): CommandOutcome {
  const { code, errno } = error as NodeJS.ErrnoException;
  return {
    ...NOTHING,
    stopped: null,
    failure: { code: typeof code === "string" ? code : "EUNKNOWN", errno },
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is empty: there is nothing left to kill.
  }
}
