import { readdir, readFile } from "node:fs/promises";

/** How often it is looked again for processes that were started while others were being killed. */
const MAX_ROUNDS = 5;

/**
 * Kills every process whose environment carries a mark. A process that left its group (`setsid`) is found all the same; one
 * that also emptied its environment is not.
 */
export async function killMarked(name: string, mark: string): Promise<void> {
  const needle = Buffer.from(`${name}=${mark}`);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let killed = 0;
    for (const entry of await readdir("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const environment = await readFile(`/proc/${entry}/environ`).catch(() => null);
      if (environment === null || !environment.includes(needle)) continue;
      try {
        process.kill(Number(entry), "SIGKILL");
        killed += 1;
      } catch {
        // It has ended since.
      }
    }
    if (killed === 0) return;
  }
}
