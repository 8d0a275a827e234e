import { isMainThread } from "node:worker_threads";

import { ThreadEnds } from "./thread-ends.ts";

/** What is to be done before the process ends, of one running telemetry. No method throws or rejects. */
export interface Ending {
  /** Sends what there is, within the time for a shutdown, and goes on. */
  flush(): Promise<void>;
  shutdown(): Promise<void>;
  /** Changes with whatever is recorded, sent or lost. */
  progress(): string;
  /** Denials of the process so far. */
  denied(): number;
  /** The longest time that a flush or a shutdown takes, milliseconds. */
  readonly timeout: number;
  /** Writes to disk what can be written there. @returns a line that says what is lost with the process; undefined if nothing is. */
  leave(): string | undefined;
}

/** Whether SIGTERM, SIGINT and uncaught errors shut telemetry down first: always, never, or unless the service handles them. */
export type OnSignal = boolean | "unless handled";

/** Marks listeners of every copy of this package in the process: they are not the service's. */
const OURS = Symbol.for("@pyisolate/telemetry listener");

const endings = new Map<Ending, OnSignal>();

/**
 * Sends what telemetry holds before the process ends by itself, by SIGTERM or SIGINT, or by an error that is not caught; then
 * lets it end as it would have, with the same exit code and output. What had no time to go out is told in one line on stderr.
 *
 * @returns stops it.
 */
export function watchProcessEnd(ending: Ending, onSignal: OnSignal): () => void {
  endings.set(ending, onSignal);
  listen();
  return () => {
    if (endings.delete(ending)) listen();
  };
}

/** Listens only for what running telemetry needs: a listener for SIGTERM alone keeps that signal from ending the process. */
function listen(): void {
  const wanted = [...endings.values()].some((onSignal) => onSignal !== false);
  listenIf(endings.size > 0, "beforeExit", idle);
  listenIf(endings.size > 0, "exit", leave);
  listenIf(wanted, "uncaughtException", uncaught);
  listenIf(wanted && !dying, "SIGTERM", terminated);
  listenIf(wanted && !dying, "SIGINT", interrupted);
  threads.listen(wanted);
}

function listenIf(wanted: boolean, event: string, listener: (thrown: unknown) => void): void {
  // Removed first, so that it is never registered twice.
  process.removeListener(event, listener);
  // Before the service's: a `once` listener of its own is off the list when the next one is called, and would not be seen.
  if (wanted) process.prependListener(event as NodeJS.Signals, listener);
}

/** What had been flushed when the process last had nothing to do. */
const flushed = new WeakMap<Ending, string>();

/** Node calls it again after everything that a flush has done: where that has changed nothing, the process may end. */
function idle(): void {
  for (const ending of endings.keys()) {
    if (flushed.get(ending) === ending.progress()) continue;
    const denied = ending.denied();
    void ending.flush().then(() => {
      // What was denied during the flush may have come too late for it.
      if (ending.denied() === denied) flushed.set(ending, ending.progress());
    });
  }
}

function leave(): void {
  for (const ending of endings.keys()) {
    const line = ending.leave();
    if (line !== undefined) process.stderr.write(`${line}\n`);
  }
}

/** Whether a signal has begun to end the process. A second one ends it at once. */
let dying = false;

function terminated(): void {
  ended("SIGTERM");
}

function interrupted(): void {
  ended("SIGINT");
}

function ended(signal: NodeJS.Signals): void {
  const handled = isHandled(signal);
  if (!handled) {
    dying = true;
    listen();
  }
  void (async () => {
    await endAll(handled);
    if (handled) return;
    dying = false;
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  })();
}

/** Ends telemetry in every thread of the process, and says what the others have lost. */
async function endAll(handled: boolean): Promise<void> {
  const longest = Math.max(0, ...[...endings.keys()].map(({ timeout }) => timeout));
  const others = isMainThread ? threads.endOthers(handled, longest) : [];
  const [lines] = await Promise.all([others, endThis(handled)]);
  for (const line of lines) process.stderr.write(`${line}\n`);
}

/** Ends telemetry of this thread, or flushes it where the service has a listener of its own, and may go on for long. */
async function endThis(handled: boolean): Promise<void> {
  await Promise.all(
    [...endings].map(async ([ending, onSignal]) => {
      if (onSignal === true || (onSignal === "unless handled" && !handled)) {
        await ending.shutdown();
      } else if (onSignal === "unless handled") {
        await ending.flush();
      }
    }),
  );
}

const threads = new ThreadEnds(async (handled) => {
  const ending = [...endings.keys()];
  await endThis(handled);
  // A thread that is flushed goes on, and tells at its own end what it has lost.
  return handled ? [] : ending.flatMap((each) => each.leave() ?? []);
});

function uncaught(thrown: unknown): void {
  if (isHandled("uncaughtException")) return;
  process.removeListener("uncaughtException", uncaught);
  void shutDownThenThrow(thrown);
}

async function shutDownThenThrow(thrown: unknown): Promise<void> {
  await endAll(false);
  // Thrown outside of any promise: Node then reports this very error, and ends as it would have.
  setImmediate(() => {
    throw thrown;
  });
}

/** Whether the service itself listens for this signal or error. */
function isHandled(event: string): boolean {
  return process.listeners(event as NodeJS.Signals).some((listener) => !(OURS in listener));
}

for (const listener of [idle, leave, terminated, interrupted, uncaught]) {
  Object.defineProperty(listener, OURS, { value: true });
}
