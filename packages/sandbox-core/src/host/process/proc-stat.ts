import { closeSync, openSync, readSync } from "node:fs";

/** A line of /proc/<pid>/stat is 52 numbers of up to 20 digits, and a name. */
const BUFFER = Buffer.alloc(2048);

/** What the kernel says of a process, whatever the process does meanwhile. */
export interface ProcStat {
  /** The number of its process group. */
  readonly group: number;
  /** When it was started, in the kernel's ticks since boot. With its id, it names one process and no later one. */
  readonly startedAt: number;
}

/**
 * Undefined where there is no such process.
 *
 * @throws ErrnoException where that cannot be told: the host has no descriptor left.
 */
export function procStat(pid: number | string): ProcStat | undefined {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/stat`, "r");
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
  try {
    const line = BUFFER.toString("latin1", 0, readSync(fd, BUFFER, 0, BUFFER.length, 0));
    // The fields of proc(5) from the third on: the second is the name, which is the process' own to choose.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ", 20);
    const [group, startedAt] = [Number(fields[2]), Number(fields[19])];
    return Number.isSafeInteger(startedAt) ? { group, startedAt } : undefined;
  } catch {
    // It ended while it was looked at.
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** When a process was started; 0, which is before all others, where it cannot be told. */
export function startOf(pid: number): number {
  try {
    return procStat(pid)?.startedAt ?? 0;
  } catch {
    return 0;
  }
}

/** Whether a file of a process cannot be had because the process is gone, or is another user's. */
export function isOutOfReach(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? "";
  return ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code);
}
