import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** How a confined process must look from outside. */
export interface Expected {
  /** Id of its parent process. */
  readonly parent: number;
  /** The user that it must run as; undefined if it runs as the host does. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** `CAP_SETPCAP` of linux/capability.h. Without it, the bounding set cannot be emptied; it then has no effect, because of no_new_privs. */
const CAP_SETPCAP = 8n;

const NO_CAPABILITY = "0000000000000000";

/**
 * Reads from the kernel how each thread of a process is confined. Returns what is not as it must be; empty if all is. The kernel
 * does not report Landlock there: the launcher has tested it with canaries in the same process.
 */
export function attest(pid: number, expected: Expected): string[] {
  const faults = faultsOf(pid, expected);
  return faults.length === 0 || isOwnProc()
    ? faults
    : [
        `/proc does not show process ${pid}; it is missing, or that of other processes than this host's own: mount one here`,
      ];
}

function faultsOf(pid: number, expected: Expected): string[] {
  const threads = threadsOf(pid);
  if (threads.length === 0) return [`process ${pid} is gone`];
  const wanted = wantedOf(pid, expected);
  const lines = wanted.map(([field, value]) => `\n${field}:\t${value}\n`);
  const faults = new Set<string>();
  let seen = 0;
  for (const thread of threads) {
    const text = tryRead(`/proc/${pid}/task/${thread}/status`);
    // The thread has ended since it was listed.
    if (text === null) continue;
    seen += 1;
    // Take the file apart only where something differs: a host does this for each thread of each cell that it starts.
    if (lines.every((line) => text.includes(line))) continue;
    const status = fieldsOf(text);
    for (const [field, value] of wanted) {
      const found = status.get(field);
      // SECCOMP_MODE_DEAD of linux/seccomp.h: the filter has just ended the thread.
      if (field === "Seccomp" && found === "3")
        faults.add(`thread ${thread} made a system call that ends a cell`);
      else if (found !== value)
        faults.add(`${field} of thread ${thread} is ${found ?? "not shown"}, not ${value}`);
    }
  }
  return seen === 0 ? [`process ${pid} is gone`] : [...faults];
}

function wantedOf(pid: number, { parent, user }: Expected): [string, string][] {
  const ids = (id: number): string => `${id}\t${id}\t${id}\t${id}`;
  return [
    ["Tgid", String(pid)],
    ["PPid", String(parent)],
    ["NoNewPrivs", "1"],
    ["Seccomp", "2"],
    ["CapInh", NO_CAPABILITY],
    ["CapPrm", NO_CAPABILITY],
    ["CapEff", NO_CAPABILITY],
    ["CapAmb", NO_CAPABILITY],
    ...(canEmptyBoundingSet() ? [["CapBnd", NO_CAPABILITY] as [string, string]] : []),
    ...(user === undefined
      ? []
      : ([
          ["Uid", ids(user.uid)],
          ["Gid", ids(user.gid)],
          ["Groups", ""],
        ] as [string, string][])),
  ];
}

function canEmptyBoundingSet(): boolean {
  const own = fieldsOf(tryRead("/proc/self/status") ?? "").get("CapEff") ?? "0";
  return ((BigInt(`0x${own}`) >> CAP_SETPCAP) & 1n) === 1n;
}

/** Whether `/proc` exists and shows the host's own PID namespace. A container's does, unless its mounts were changed. */
function isOwnProc(): boolean {
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The lines of a `status` file by name. */
function fieldsOf(status: string): ReadonlyMap<string, string> {
  const lines = status.split("\n");
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
  );
}

/** Null if the thread is gone. */
function tryRead(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
