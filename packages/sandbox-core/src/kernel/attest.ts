import { readFileSync, readlinkSync } from "node:fs";

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
 * Reads from the kernel how a process is confined. Returns what is not as it must be; empty if all is. The kernel does not report
 * Landlock there: the launcher has tested it with canaries in the same process.
 *
 * @remarks The status is that of the first thread, which the launcher confined before it became Node, when it was alone. A thread
 *   inherits all of this from its maker and cannot give it up. No file of `/proc/<pid>/task` is looked up: the kernel would remember it,
 *   each thread would have to remove it at its end, and while one of them waits for a core to do so, the host's wait for the dead
 *   process spins in the kernel. On a machine with five times more work than cores that held the host's loop for 0.1 to 2.5 s.
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
  const text = tryRead(`/proc/${pid}/status`);
  if (text === null) return [`process ${pid} is gone`];
  const wanted = wantedOf(pid, expected);
  // Take the file apart only where something differs: a host does this for each cell that it starts.
  if (wanted.every(([field, value]) => text.includes(`\n${field}:\t${value}\n`))) return [];
  const status = fieldsOf(text);
  // SECCOMP_MODE_DEAD of linux/seccomp.h: the filter has just ended the process.
  if (status.get("Seccomp") === "3") return [`process ${pid} made a system call that ends a cell`];
  return wanted.flatMap(([field, value]) => {
    const found = status.get(field);
    return found === value
      ? []
      : [`${field} of process ${pid} is ${found ?? "not shown"}, not ${value}`];
  });
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

/** Null if the process is gone. */
function tryRead(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
