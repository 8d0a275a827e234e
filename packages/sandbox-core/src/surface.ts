/** One guarded operation as a guest sees it. */
export interface GuardedOperation {
  readonly capability: "filesystem" | "network" | "subprocess" | "random" | "import";
  /** The operation's name in a policy. */
  readonly operation: string;
  /** Whether the guest's thread waits for the answer (`sync`), or the guest gets a promise (`async`). */
  readonly modes: readonly ("sync" | "async")[];
}

/**
 * Every guarded operation of the guest surface, by name. The guards in the cell are keyed by this table, so that no guard can
 * exist outside it, and the tests drive each row through allow, deny, malformed and failure.
 */
export const GUEST_SURFACE = {
  "fs.readFile": { capability: "filesystem", operation: "read", modes: ["sync", "async"] },
  "fs.writeFile": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  "fs.appendFile": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  "fs.mkdir": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  "fs.readdir": { capability: "filesystem", operation: "list", modes: ["sync", "async"] },
  "fs.stat": { capability: "filesystem", operation: "stat", modes: ["sync", "async"] },
  "fs.lstat": { capability: "filesystem", operation: "stat", modes: ["sync", "async"] },
  "fs.access": { capability: "filesystem", operation: "stat", modes: ["sync", "async"] },
  "fs.realpath": { capability: "filesystem", operation: "stat", modes: ["sync", "async"] },
  "fs.exists": { capability: "filesystem", operation: "stat", modes: ["sync"] },
  "fs.rm": { capability: "filesystem", operation: "remove", modes: ["sync", "async"] },
  "fs.unlink": { capability: "filesystem", operation: "remove", modes: ["sync", "async"] },
  // Both are further requests too: to write the second path, and to read the first one, which gets another name by it.
  "fs.copyFile": { capability: "filesystem", operation: "read", modes: ["sync", "async"] },
  "fs.rename": { capability: "filesystem", operation: "remove", modes: ["sync", "async"] },
  // To read and to write are both asked where a file is opened for both.
  "fs.open": { capability: "filesystem", operation: "read", modes: ["sync", "async"] },
  "fs.read": { capability: "filesystem", operation: "read", modes: ["sync", "async"] },
  "fs.write": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  "fs.fstat": { capability: "filesystem", operation: "stat", modes: ["sync", "async"] },
  "fs.ftruncate": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  "fs.fsync": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  "fs.truncate": { capability: "filesystem", operation: "write", modes: ["sync", "async"] },
  fetch: { capability: "network", operation: "connect", modes: ["async"] },
  "child_process.execFile": {
    capability: "subprocess",
    operation: "exec",
    modes: ["sync", "async"],
  },
  "crypto.getRandomValues": { capability: "random", operation: "read", modes: ["sync"] },
  "crypto.randomUUID": { capability: "random", operation: "read", modes: ["sync"] },
  "Math.random": { capability: "random", operation: "read", modes: ["sync"] },
  import: { capability: "import", operation: "load", modes: ["sync"] },
} as const satisfies Record<string, GuardedOperation>;

export type GuestOperation = keyof typeof GUEST_SURFACE;
