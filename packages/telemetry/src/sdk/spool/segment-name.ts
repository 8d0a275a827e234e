import { readFileSync } from "node:fs";
import { threadId } from "node:worker_threads";

/** `<Unix ms>-<pid>-<start of the process>[.<thread>]-<counter>`: sorted by name is sorted by age. */
const NAME = /^\d{13}-(?<owner>(?<pid>\d+)-(?<start>\d+)(?:\.\d+)?)-\d{8}\.jsonl$/;

const START = startOf(process.pid) ?? "0";

/** Who writes in this thread: a name for its segments that nobody else has. */
const OWNER = `${process.pid}-${START}${threadId === 0 ? "" : `.${threadId}`}`;

/** Names in use by the spools of this thread: it may have begun another one, in the same folder, after an end. */
const inUse = new Set<string>();
let counter = 0;

/** A new segment's name, in use until {@link releaseName}. */
export function newSegmentName(): string {
  counter += 1;
  const time = String(Date.now()).padStart(13, "0");
  const name = `${time}-${OWNER}-${String(counter).padStart(8, "0")}.jsonl`;
  inUse.add(name);
  return name;
}

export function releaseName(name: string): void {
  inUse.delete(name);
}

/** Whether this is the name of a segment, whoever's. */
export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Whether whoever wrote this segment will never come back to it. A pid alone would not tell: it is given to another process
 * sooner or later, and in a container each is number 1.
 */
export function isOrphan(name: string): boolean {
  const { owner = "", pid = "", start } = NAME.exec(name)?.groups ?? {};
  if (owner === "") return false;
  if (owner === OWNER) return !inUse.has(name);
  // Of another thread nobody knows whether it will go on, until the process has ended.
  return startOf(Number(pid)) !== start;
}

/** When a process began, in ticks since the machine did; undefined where it is not there. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name, in parentheses, and may itself hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return process.platform === "linux" ? undefined : startWithoutProc(pid);
  }
}

/** Elsewhere the pid has to do. */
function startWithoutProc(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return "0";
  } catch (error) {
    // Somebody else's process is one too.
    return error instanceof Error && "code" in error && error.code === "EPERM" ? "0" : undefined;
  }
}
