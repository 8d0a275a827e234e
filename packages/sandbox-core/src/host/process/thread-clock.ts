import { readFileSync } from "node:fs";

/** Where the CPU time of a process's first thread stands, which in a cell runs the guest and its guards. */
interface ThreadClock {
  file(pid: number): string;
  /** @param text What the file holds. */
  milliseconds(text: string): number;
}

/** proc(5): of the first thread alone, nanoseconds. No file of `/proc/<pid>/task` is looked up; `kernel/attest.ts` says why. */
const SCHEDULED: ThreadClock = {
  file: (pid) => `/proc/${pid}/schedstat`,
  milliseconds: (text) => Number(text.split(" ", 1)[0]) / 1e6,
};

/** For a kernel without `CONFIG_SCHED_INFO`, whose `schedstat` is missing or says 0. */
function counted(): ThreadClock {
  const ticksPerSecond = fromAuxiliaryVector(17n) ?? 100;
  return {
    file: (pid) => `/proc/${pid}/task/${pid}/stat`,
    milliseconds: (text) => {
      // Count the fields of proc(5) after the command's name, which may contain spaces and parentheses. Fields 14 and 15 are the
      // CPU time.
      const fields = text.replace(/^.*\) /s, "").split(" ");
      return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
    },
  };
}

/** How this kernel tells the CPU time of a cell. */
export function threadClock(): ThreadClock {
  try {
    const own = SCHEDULED.milliseconds(readFileSync(SCHEDULED.file(process.pid), "latin1"));
    return own > 0 ? SCHEDULED : counted();
  } catch {
    return counted();
  }
}

/** Bytes of a page of memory. */
export function pageBytes(): number {
  return fromAuxiliaryVector(6n) ?? 4096;
}

/** The units of `/proc`: `AT_PAGESZ` and `AT_CLKTCK`, as in getauxval(3). */
function fromAuxiliaryVector(type: bigint): number | undefined {
  const vector = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= vector.length; at += 16)
    if (vector.readBigUInt64LE(at) === type) return Number(vector.readBigUInt64LE(at + 8));
  return undefined;
}
