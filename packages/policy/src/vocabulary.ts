/** What a denial is about. A guest can ask for all but `control` and `limit`, which name refusals that the host itself makes. */
export const CAPABILITIES = [
  "filesystem",
  "network",
  "subprocess",
  "random",
  "import",
  "tool",
  "control",
  "limit",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** A capability: one of those above, or a service's own. An editor completes those above. */
export type CapabilityName = Capability | (string & Record<never, never>);

/** The operations of each capability. A policy that names another one does not load. */
export const OPERATIONS = {
  filesystem: ["read", "write", "list", "stat", "remove"],
  network: ["connect"],
  subprocess: ["exec"],
  random: ["read"],
  import: ["load"],
  // A function of the host.
  tool: ["call"],
  control: ["reload_policy"],
  // `crash`: the cell's process ended by itself, and no other limit explains it.
  limit: ["cpu", "wall", "memory", "calls", "output", "crash"],
} as const satisfies Record<Capability, readonly string[]>;
export type Operation = (typeof OPERATIONS)[Capability][number];

/** An operation: one of those above, or one of a service's own capability. */
export type OperationName = Operation | (string & Record<never, never>);

/** The built-in capabilities that a policy's rules can grant. */
export const GUARDED_CAPABILITIES = [
  "filesystem",
  "network",
  "subprocess",
  "random",
  "import",
  "tool",
] as const satisfies readonly Exclude<Capability, "control" | "limit">[];
export type GuardedCapability = (typeof GUARDED_CAPABILITIES)[number];

/** A capability of a rule: one of the built-in ones that can be granted, or one that the policy declares. */
export type RuleCapability = GuardedCapability | (string & Record<never, never>);

/** Why a request was refused. The set is closed, so that it may be a metric attribute. */
export const DENIAL_REASONS = [
  /** No allow rule grants this operation, and none covers this target. */
  "no_rule",
  /** A deny rule covers the request. */
  "explicit_deny",
  /** A rule covers the target, but not this operation. */
  "wrong_operation",
  /** A rule grants the operation, but not on this target. */
  "outside_scope",
  /** Refused before the policy was asked, because it is not a valid request. */
  "malformed",
  /** The guest reached a limit that the policy declares. */
  "limit",
  /** The kernel layer refused it. */
  "kernel",
  /** The kernel layer refused it by a plan that is older than the policy or the disk. A new cell would be let through. */
  "stale",
  /** A control operation with a wrong token. */
  "auth",
  /** The cell had ended. */
  "closed",
  /** The decision could not be made, for example without a policy or with a lost channel. */
  "unavailable",
] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

/** One layer's verdict. The table in the README says when each is used. */
export const VERDICTS = ["allow", "deny", "not_evaluated", "unavailable"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The rule that a denial by default names. */
export const DEFAULT_RULE = "default";
