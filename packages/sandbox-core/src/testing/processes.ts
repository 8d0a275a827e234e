import { readdirSync, readFileSync } from "node:fs";

/** Whether a process runs: one that has ended and waits for its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** The processes whose environment holds a text. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/environ`, "latin1").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The processes whose command line holds a text. */
export function processesRunning(text: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return (
          readFileSync(`/proc/${entry}/cmdline`, "latin1").includes(text) &&
          isRunning(Number(entry))
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}
