import { LIMIT_NAMES, LIMITS } from "../limits.ts";
import type { Policy } from "../policy.ts";

/** A limit that differs between two policies, in the form of a `PolicyChange`. */
export interface LimitChange {
  readonly capability: "limit";
  /** `cpu`, `wall`, `memory`, `calls` or `output`. */
  readonly operation: string;
  /** `allowed` if the limit rose. */
  readonly change: "allowed" | "denied";
  /** The least amount, in the limit's unit, that one of the policies lets pass and the other does not. */
  readonly witness: string;
  /** What a denial by this limit names as its rule: `limit.cpu` and so on. */
  readonly rule: string;
}

/** Compares the limits of two policies. A limit that a policy does not name has its default. */
export function diffLimits(before: Policy, after: Policy): readonly LimitChange[] {
  return LIMIT_NAMES.flatMap((name): LimitChange[] => {
    const { field } = LIMITS[name];
    const [was, is] = [before.limits[field], after.limits[field]];
    if (was === is) return [];
    // The operation of the denial that reaching the limit is: `cpu` for `cpu_ms`.
    const operation = name.replace(/_.*$/, "");
    return [
      {
        capability: "limit",
        operation,
        change: is > was ? "allowed" : "denied",
        witness: String(Math.min(was, is) + 1),
        rule: `limit.${operation}`,
      },
    ];
  });
}
