import type { MessagePort } from "node:worker_threads";

import { nextNumber } from "../../frames.ts";
import type { Command, CommandOutcome } from "./run-command.ts";
import { closeExchange, endOutOfStep, openExchange } from "../exchange-in-step.ts";

/** How long after a command's end its thread may take to report the outcome, milliseconds. */
const PATIENCE_MS = 10_000;

/** What the thread receives when it starts. */
export interface CommandThread {
  readonly port: MessagePort;
  /** The number of the command whose outcome was posted last. */
  readonly done: Int32Array;
}

/** A message to the thread. */
export interface CommandOrder {
  readonly number: number;
  readonly command: Command;
}

/** A message from the thread. */
export interface CommandReport {
  readonly number: number;
  readonly outcome: CommandOutcome;
}

let thread: CommandThread | undefined;
let lastOrder = 0;

/**
 * Runs a command and blocks until it has ended. A thread runs it with the code of the asynchronous form, because Node's
 * `spawnSync` waits for every process that holds the pipes, bounds each stream separately, and fails if the command does not read
 * its input. Never throws: any failure between the order and its outcome ends the process, because the next command would
 * otherwise receive this outcome.
 */
export function runCommandSync(command: Command): CommandOutcome {
  openExchange();
  try {
    thread ??= startThread();
    lastOrder = nextNumber(lastOrder);
    const order: CommandOrder = { number: lastOrder, command };
    const before = Atomics.load(thread.done, 0);
    thread.port.postMessage(order);
    Atomics.wait(thread.done, 0, before, command.limitMs + PATIENCE_MS);
    const { receiveMessageOnPort } = threads();
    const report = receiveMessageOnPort(thread.port)?.message as CommandReport | undefined;
    if (report?.number !== lastOrder)
      throw new Error(`the outcome of command ${lastOrder} was due`);
    closeExchange();
    return report.outcome;
  } catch (error) {
    return endOutOfStep(error);
  }
}

const THREAD = import.meta.url.endsWith(".cjs") ? "./command-thread.cjs" : "./command-thread.js";

/** Starts the thread at first use: most cells run no command, and a thread takes some MiB. */
function startThread(): CommandThread {
  const { MessageChannel, Worker } = threads();
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const started: CommandThread = { port: port2, done };
  new Worker(new URL(THREAD, import.meta.url), {
    workerData: started,
    transferList: [port2],
  }).unref();
  port1.unref();
  return { port: port1, done };
}

/** Loads the module at first use: loading it would add more than half a millisecond to each start of a cell. */
function threads(): typeof import("node:worker_threads") {
  return process.getBuiltinModule("node:worker_threads");
}
