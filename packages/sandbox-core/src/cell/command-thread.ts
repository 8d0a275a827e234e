// The thread that runs commands while the cell's own thread waits.
import { workerData } from "node:worker_threads";

import { runCommand } from "./command.ts";
import type { CommandOrder, CommandReport, CommandThread } from "./command-sync.ts";

const { port, done } = workerData as CommandThread;
port.on("message", (order: CommandOrder) => void serve(order));

async function serve({ number, command }: CommandOrder): Promise<void> {
  const report: CommandReport = { number, outcome: await runCommand(command) };
  port.postMessage(report);
  Atomics.store(done, 0, number);
  Atomics.notify(done, 0);
}
