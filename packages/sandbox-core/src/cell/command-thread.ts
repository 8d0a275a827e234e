// The thread that runs commands while the cell's own thread waits.
import { workerData } from "node:worker_threads";

import { type Command, runCommand } from "./command.ts";
import type { CommandThread } from "./command-sync.ts";

const { port, done } = workerData as CommandThread;
port.on("message", (command: Command) => void serve(command));

async function serve(command: Command): Promise<void> {
  port.postMessage(await runCommand(command));
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}
