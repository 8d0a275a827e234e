import { type ChildProcess, spawn, spawnSync } from "node:child_process";

import type { Answer } from "../guest/bridge.ts";
import { contentOf, decodeText } from "./arguments.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";
import { MAX_REQUEST_TARGET } from "../../frames.ts";

/** Longest command line, in UTF-16 code units of its JSON: well below the kernel's `MAX_ARG_STRLEN` of 128 KiB. */
const MAX_ARGUMENTS = 100_000;

interface Outcome {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly status: number | null;
  readonly signal: string | null;
  readonly stopped: "timeout" | "output" | null;
  readonly error?: Error | undefined;
}

/**
 * `execFile`: the absolute command of the policy, no shell, an environment of three names, bounded output and time. It leads a
 * process group, which is killed whole, and carries the cell's mark, by which the host finds what has left the group.
 */
export const execFile: Guard = ([command, list, kind, data, timeout, encoding], mode, { wallMs, outputBytes }) => {
  if (typeof command !== "string" || command === "" || command.includes("\0") || !command.isWellFormed()) {
    throw new Malformed("the command is no text", typeof command === "string" ? command.slice(0, 256).toWellFormed() : "");
  }
  if (command.length > MAX_REQUEST_TARGET) throw new Malformed("the command is too long", command.slice(0, MAX_REQUEST_TARGET));
  const args = argumentList(list, command);
  const input = contentOf(kind, data);
  const asGuest = decodeText(encoding);
  const limitMs = typeof timeout === "number" && timeout > 0 ? Math.min(timeout, wallMs) : wallMs;
  const options = { cwd: "/", env: scrubbedEnvironment(), shell: false, detached: true } as const;

  const answer = (outcome: Outcome): Answer => {
    const { stdout, stderr, status, signal, stopped, error } = outcome;
    if (error !== undefined && stopped === null) throw spawnFailure(error, command);
    if (stopped !== null || status !== 0) {
      const why = stopped === "timeout" ? `timed out after ${limitMs} ms` : stopped === "output" ? `wrote more than ${outputBytes} bytes` : "";
      throw new Failed(`Command failed: ${command}${why === "" ? "" : `: ${why}`}`, {
        status,
        signal,
        killed: stopped !== null,
        code: stopped === "timeout" ? "ETIMEDOUT" : stopped === "output" ? "ENOBUFS" : (status ?? undefined),
        stdout: stdout.toString("utf8"),
        stderr: stderr.toString("utf8"),
      });
    }
    if (mode === "sync") return asGuest(stdout);
    const text = (bytes: Buffer): unknown => {
      const shown = asGuest(bytes);
      return typeof shown === "string" ? shown.slice(1) : bytes.toString("utf8");
    };
    return `j${JSON.stringify({ stdout: text(stdout), stderr: text(stderr) })}`;
  };

  return {
    target: command,
    perform: () => {
      if (mode === "async") return runLater(command, args, options, input, limitMs, outputBytes).then(answer);
      const done = spawnSync(command, args, {
        ...options,
        input,
        timeout: limitMs,
        killSignal: "SIGKILL",
        maxBuffer: outputBytes,
        encoding: "buffer",
        stdio: ["pipe", "pipe", "pipe"],
      });
      if (done.pid > 0) killGroup(done.pid);
      const code = (done.error as NodeJS.ErrnoException | undefined)?.code;
      return answer({
        stdout: done.stdout ?? Buffer.alloc(0),
        stderr: done.stderr ?? Buffer.alloc(0),
        status: done.status,
        signal: done.signal,
        stopped: code === "ETIMEDOUT" ? "timeout" : code === "ENOBUFS" ? "output" : null,
        error: done.error,
      });
    },
  };
};

function argumentList(list: unknown, command: string): string[] {
  if (typeof list !== "string" || list.length > MAX_ARGUMENTS) throw new Malformed("the arguments are no list of texts", command);
  const args = JSON.parse(list) as string[];
  if (args.some((arg) => arg.includes("\0") || !arg.isWellFormed())) throw new Malformed("an argument holds a NUL or broken text", command);
  return args;
}

/** The cell's own environment holds only what the host put there; the marks go on, so that a stray process can be found. */
function scrubbedEnvironment(): NodeJS.ProcessEnv {
  const { PYISOLATE_CELL, PYISOLATE_SUPERVISOR } = process.env;
  return { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", HOME: "/", PYISOLATE_CELL, PYISOLATE_SUPERVISOR };
}

function spawnFailure(error: Error, command: string): Failed {
  const { code, errno } = error as NodeJS.ErrnoException;
  return new Failed(`spawn ${command} ${code ?? "failed"}`, { code, errno, syscall: `spawn ${command}`, path: command });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is empty: there is nothing left to kill.
  }
}

async function runLater(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; shell: false; detached: true },
  input: Uint8Array,
  limitMs: number,
  outputBytes: number,
): Promise<Outcome> {
  const child: ChildProcess = spawn(command, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  let stopped: Outcome["stopped"] = null;
  const stop = (why: "timeout" | "output"): void => {
    stopped ??= why;
    if (child.pid !== undefined) killGroup(child.pid);
    // A process that left the group may still hold the pipes: it shall not hold the answer.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const timer = setTimeout(() => stop("timeout"), limitMs);
  let total = 0;
  const collect = (stream: NodeJS.ReadableStream | null): Buffer[] => {
    const chunks: Buffer[] = [];
    stream?.on("data", (chunk: Buffer) => {
      const room = Math.max(outputBytes - total, 0);
      total += chunk.length;
      chunks.push(chunk.subarray(0, room));
      if (total > outputBytes) stop("output");
    });
    return chunks;
  };
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin?.on("error", () => {
    // It does not read its input: that is its own affair.
  });
  child.stdin?.end(input);
  const ended = Promise.withResolvers<{ status: number | null; signal: string | null; error?: Error }>();
  child.on("error", (error) => ended.resolve({ status: null, signal: null, error }));
  child.on("close", (status, signal) => ended.resolve({ status, signal }));
  const { status, signal, error } = await ended.promise;
  clearTimeout(timer);
  if (child.pid !== undefined) killGroup(child.pid);
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), status, signal, stopped, error };
}
