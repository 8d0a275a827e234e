import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";

import type { Command, CommandOutcome } from "./command.ts";

/** What the thread is given when it starts. */
export interface CommandThread {
  readonly port: MessagePort;
  /** 1 once the outcome has been posted. */
  readonly done: Int32Array;
}

let thread: CommandThread | undefined;

/**
 * Runs a command and blocks until it is over. The same code as for the asynchronous form, on a thread of its own: Node's
 * `spawnSync` waits for every holder of the pipes, bounds each stream alone, and fails where input is not read.
 */
export function runCommandSync(command: Command): CommandOutcome {
  thread ??= startThread();
  Atomics.store(thread.done, 0, 0);
  thread.port.postMessage(command);
  Atomics.wait(thread.done, 0, 0);
  const received = receiveMessageOnPort(thread.port) as { message: CommandOutcome };
  return received.message;
}

/** Started at first use: most cells run no command, and a thread takes some MiB. */
function startThread(): CommandThread {
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const started: CommandThread = { port: port2, done };
  new Worker(new URL("./command-thread.js", import.meta.url), {
    workerData: started,
    transferList: [port2],
  }).unref();
  port1.unref();
  return { port: port1, done };
}
