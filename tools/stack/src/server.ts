import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { spawnFailure } from "./command.ts";
import { StackError } from "./errors.ts";
import { isExecutable } from "./executable.ts";
import { assertPortsFree } from "./ports.ts";
import { tailOf } from "./output-tail.ts";
import { spawnWatched, type Watched } from "./watchdog.ts";

export interface ServerOptions {
  /** How messages call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Ports on 127.0.0.1 that it will listen on; checked before it starts. */
  readonly ports?: readonly number[];
  /** Receives its output. A file, not a pipe: a server that outlives us must not die of a broken pipe. */
  readonly outputFile: string;
  /** Whether it serves. May throw or reject, which means not yet. */
  readonly isReady: () => Promise<boolean>;
  /** Milliseconds until it must be ready. */
  readonly readyWithinMs: number;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server process. It does not outlive this process, unless {@link keep} is called. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly outputFile: string;
  /** Settles when it ends, for whatever reason. */
  readonly exited: Promise<ServerExit>;
  /** SIGTERM, then SIGKILL after the grace. Resolves when it is gone; again and again without harm. */
  stop(): Promise<ServerExit>;
  /** SIGKILL, as a crash would be. */
  kill(): Promise<ServerExit>;
  /** Lets it outlive this process. */
  keep(): void;
}

/**
 * Starts a server and waits until it is ready.
 *
 * @throws {StackError} `port-taken`, `server-died` (with the end of its output) or `not-ready`; nothing is left running.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { name, command, env, graceMs } = options;
  await assertPortsFree(name, options.ports ?? []);
  if (!(await isExecutable(command)))
    throw new StackError(
      "server-died",
      `${name} does not start: ${command} is not an executable file.`,
    );
  // Synchronous: no event of the child can come before its listeners.
  const output = openSync(options.outputFile, "a");
  let watched: Watched;
  try {
    // A group of its own: on Ctrl-C the caller decides what stops first, so that what it still has to send is received.
    watched = spawnWatched(command, options.args, {
      stdio: ["ignore", output, output],
      graceMs,
      ...(env === undefined ? {} : { env }),
    });
  } finally {
    closeSync(output);
  }
  const { pid } = watched.child;
  if (pid === undefined) {
    const cause = await spawnFailure(watched.child);
    throw new StackError("server-died", `${name} does not start: ${String(cause)}`, "", { cause });
  }
  const server = supervise(watched, pid, options);
  try {
    await untilReady(server, options);
  } catch (error) {
    await server.kill();
    throw error;
  }
  return server;
}

function supervise({ child, release }: Watched, pid: number, options: ServerOptions): Server {
  let exit: ServerExit | undefined;
  const exited = new Promise<ServerExit>((resolve) => {
    child.once("exit", (code, signal) => {
      exit = { code, signal };
      release();
      resolve(exit);
    });
  });
  // A caller that ends without stopping it must be able to end: then the watchdog stops it.
  child.unref();

  const end = async (signal: NodeJS.Signals): Promise<ServerExit> => {
    if (exit !== undefined) return exit;
    child.ref();
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), options.graceMs);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  const stop = () => end("SIGTERM");
  return {
    pid,
    outputFile: options.outputFile,
    exited,
    stop,
    kill: () => end("SIGKILL"),
    keep: release,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** The same server, with something to do once it has been stopped or killed. */
export function thenCleanUp<S extends Server>(server: S, cleanUp: () => Promise<void>): S {
  const after = async (end: () => Promise<ServerExit>): Promise<ServerExit> => {
    const exit = await end();
    await cleanUp();
    return exit;
  };
  const stop = async () => await after(() => server.stop());
  return {
    ...server,
    stop,
    kill: async () => await after(() => server.kill()),
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function untilReady(server: Server, options: ServerOptions): Promise<void> {
  const deadline = Date.now() + options.readyWithinMs;
  let exit: ServerExit | undefined;
  void server.exited.then((result) => {
    exit = result;
  });
  for (;;) {
    const ready = await options.isReady().catch(() => false);
    if (exit !== undefined) throw await died(exit, options);
    if (ready) return;
    if (Date.now() > deadline) {
      throw new StackError(
        "not-ready",
        `${options.name} was not ready within ${options.readyWithinMs / 1000} s. The end of its output:`,
        await tailOf(options.outputFile),
      );
    }
    await Promise.race([sleep(50), server.exited]);
  }
}

async function died(exit: ServerExit, options: ServerOptions): Promise<StackError> {
  const output = await tailOf(options.outputFile);
  const how = exit.signal ?? `exit code ${exit.code}`;
  // Go's words for EADDRINUSE.
  return output.includes("address already in use")
    ? new StackError(
        "port-taken",
        `${options.name} ended (${how}): a port it wants is taken.`,
        output,
      )
    : new StackError(
        "server-died",
        `${options.name} ended (${how}) before it was ready. The end of its output:`,
        output,
      );
}
