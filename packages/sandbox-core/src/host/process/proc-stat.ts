import { closeSync, openSync, readSync } from "node:fs";

/** Room for a line of /proc/<pid>/stat: 52 numbers of up to 20 digits, and a name. */
const BUFFER = Buffer.alloc(2048);

/** What the kernel says about a process. The process cannot change it. */
export interface ProcStat {
  /** The number of its process group. */
  readonly group: number;
  /** Start time in the kernel's ticks since boot. Together with the id it identifies a process even if the id is reused. */
  readonly startedAt: number;
}

/**
 * Undefined if the process does not exist.
 *
 * @throws ErrnoException if that cannot be found out, because the host has no descriptor left.
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
    // Read the fields of proc(5) from the third on: the second is the name, which the process chooses itself.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ", 20);
    const [group, startedAt] = [Number(fields[2]), Number(fields[19])];
    return Number.isSafeInteger(startedAt) ? { group, startedAt } : undefined;
  } catch {
    // The process ended during the read.
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** When a process was started; 0, which is before all others, if that cannot be found out. */
export function startOf(pid: number): number {
  try {
    return procStat(pid)?.startedAt ?? 0;
  } catch {
    return 0;
  }
}

/** Whether a file of a process cannot be read because the process is gone or belongs to another user. */
export function isOutOfReach(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? "";
  return ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code);
}
