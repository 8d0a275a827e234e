/** What a guest may ask for. `control` and `limit` are not askable: they name refusals of the host's own making. */
export const CAPABILITIES = [
  "filesystem",
  "network",
  "subprocess",
  "random",
  "import",
  "control",
  "limit",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** The closed set of operations of each capability. A policy that names another one does not load. */
export const OPERATIONS = {
  filesystem: ["read", "write", "list", "stat", "remove"],
  network: ["connect"],
  subprocess: ["exec"],
  random: ["read"],
  import: ["load"],
  control: ["reload_policy"],
  // `crash`: the cell's process ended by itself, with no other limit to blame.
  limit: ["cpu", "wall", "memory", "calls", "output", "crash"],
} as const satisfies Record<Capability, readonly string[]>;
export type Operation = (typeof OPERATIONS)[Capability][number];

/** The capabilities that a policy's rules can grant. */
export type GuardedCapability = Exclude<Capability, "control" | "limit">;

/** Why a request was refused. Closed, so that it may be a metric attribute. */
export const DENIAL_REASONS = [
  /** No rule grants this operation, and none covers this target. */
  "no_rule",
  /** A deny rule covers the request. */
  "explicit_deny",
  /** A rule covers the target, but not this operation. */
  "wrong_operation",
  /** A rule grants the operation, but not on this target. */
  "outside_scope",
  /** Refused before the policy: not a request at all. */
  "malformed",
  /** A limit declared beside the rules was reached. */
  "limit",
  /** The kernel layer refused. */
  "kernel",
  /** The kernel layer refused, by a plan older than the policy or the disk: the next cell is let through. */
  "stale",
  /** A control operation with a wrong token. */
  "auth",
  /** The cell had ended. */
  "closed",
  /** The decision could not be made: no policy, channel lost. */
  "unavailable",
] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

/** One layer's verdict. The table in the README says when each is said. */
export const VERDICTS = ["allow", "deny", "not_evaluated", "unavailable"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The rule named by a denial that no rule explains: deny is the default. */
export const DEFAULT_RULE = "default";
