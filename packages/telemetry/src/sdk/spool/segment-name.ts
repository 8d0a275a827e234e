import { readFileSync } from "node:fs";
import { threadId } from "node:worker_threads";

/** `<Unix ms>-<pid>-<start of the process>[.<thread>]-<counter>.jsonl`: sorted by name they are sorted by age. */
const NAME = /^\d{13}-(?<owner>(?<pid>\d+)-(?<start>\d+)(?:\.\d+)?)-\d{8}\.jsonl$/;

const START = startOf(process.pid) ?? "0";

/** The part of a segment's name that identifies its writer: no other thread of any process has the same. */
const OWNER = `${process.pid}-${START}${threadId === 0 ? "" : `.${threadId}`}`;

/** Names that spools of this thread use. There may be several: a service may have restarted telemetry in the same folder. */
const inUse = new Set<string>();
let counter = 0;

/** A name for a new segment, in use until {@link releaseName}. @param of The name of an older one, whose age it keeps. */
export function newSegmentName(of?: string): string {
  counter += 1;
  const time = of?.slice(0, 13) ?? String(Date.now()).padStart(13, "0");
  const name = `${time}-${OWNER}-${String(counter).padStart(8, "0")}.jsonl`;
  inUse.add(name);
  return name;
}

export function releaseName(name: string): void {
  inUse.delete(name);
}

/** Whether this is the name of a segment, of any process. */
export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Whether the writer of this segment has ended. The pid alone would not say so: the system reuses it, and in a container every
 * service has number 1. So the name has the process's start too.
 */
export function isOrphan(name: string): boolean {
  const { owner = "", pid = "", start } = NAME.exec(name)?.groups ?? {};
  if (owner === "") return false;
  if (owner === OWNER) return !inUse.has(name);
  // Another thread's segments are orphans only once its process has ended: nothing says whether a thread has.
  return startOf(Number(pid)) !== start;
}

/** When a process began, in ticks since the machine started; undefined if there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Cut after the last parenthesis: the program's name stands in parentheses and may contain any character.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return process.platform === "linux" ? undefined : startWithoutProc(pid);
  }
}

/** Other systems have no /proc: there the pid alone has to do. */
function startWithoutProc(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return "0";
  } catch (error) {
    // EPERM: the process is there, and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM" ? "0" : undefined;
  }
}
