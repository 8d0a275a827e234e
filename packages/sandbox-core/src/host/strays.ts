import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How long it is looked again for processes that were started while others were being killed, milliseconds. */
const DEADLINE_MS = 5000;
const PAUSE_MS = 5;

/**
 * Kills every process whose environment carries a mark, and resolves when none is left. A process that left its group
 * (`setsid`) is found all the same; one that also emptied its environment is not.
 */
export async function killMarked(name: string, mark: string): Promise<void> {
  const needle = Buffer.from(`${name}=${mark}`);
  const deadline = Date.now() + DEADLINE_MS;
  do {
    const marked = await processesWith(needle);
    if (marked.length === 0) return;
    for (const pid of marked) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended since.
      }
    }
    await sleep(PAUSE_MS);
  } while (Date.now() < deadline);
}

/** One that has ended, and only waits to be seen by its parent, has no environment any more. */
async function processesWith(needle: Buffer): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readFile(`/proc/${entry}/environ`).catch(() => null);
    if (environment?.includes(needle)) found.push(Number(entry));
  }
  return found;
}
