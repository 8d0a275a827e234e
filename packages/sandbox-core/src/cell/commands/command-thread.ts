// The thread that runs commands while the cell's own thread waits.
import { workerData } from "node:worker_threads";

import { runCommand } from "./run-command.ts";
import type { CommandOrder, CommandReport, CommandThread } from "./run-command-sync.ts";
import { endOutOfStep } from "../exchange-in-step.ts";

const { port, done } = workerData as CommandThread;
// End the process: the cell's thread would otherwise wait for an outcome that never comes.
process.on("uncaughtException", endOutOfStep);
process.on("unhandledRejection", endOutOfStep);
port.on("message", (order: CommandOrder) => void serve(order));

async function serve({ number, command }: CommandOrder): Promise<void> {
  const report: CommandReport = { number, outcome: await runCommand(command) };
  port.postMessage(report);
  Atomics.store(done, 0, number);
  Atomics.notify(done, 0);
}
