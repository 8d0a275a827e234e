import {
  type Capability,
  type Decision,
  DEFAULT_RULE,
  type DenialReason,
  type DenialEvent,
  type Operation,
  reasonInWords,
  type Verdict,
} from "@pyisolate/policy";

import type { KernelWord } from "../kernel/evidence.ts";

/** The fields in which one denial differs from another of the same cell. */
export interface Denial {
  readonly capability: Capability;
  readonly operation: Operation;
  readonly target: string;
  /** subprocess: the arguments of the command, which the record shows after it. */
  readonly args?: readonly string[];
  readonly decision?: Extract<Decision, { effect: "deny" }>;
  readonly rule?: string;
  /** The verdict of a policy that allowed it, where the kernel did not. */
  readonly granted?: Extract<Decision, { effect: "allow" }>;
  readonly reason?: DenialEvent["reason"];
  /** Why it is malformed, for the guest, in words of the host's own; left out if the reason says all. */
  readonly because?: string | undefined;
  readonly broker?: Verdict;
  /** The kernel layer's word on the operation; null if it was not asked. Called after the verdict has been sent to the cell. */
  readonly kernel?: () => KernelWord | null;
}

/** A request in the policy's spelling. */
export type CanonicalRequest = Pick<Denial, "capability" | "operation" | "target" | "args">;

/** The rule that a denial's record names, and what the policy says of it. */
export function ruleFields({ decision, granted, rule = DEFAULT_RULE }: Denial) {
  const decided = decision ?? granted;
  return {
    policyRule: decided?.rule ?? rule,
    ruleDescription: decided?.description,
    ruleOwner: decided?.owner,
  };
}

/** What a guest reads of a refusal where its host wants it told why: nothing of the policy, and not the target, which a guard may have resolved. */
export function inWords(
  { capability, operation, because }: Pick<Denial, "capability" | "operation" | "because">,
  reason: DenialReason,
): string {
  return `${capability} ${operation} denied (${reason}): ${because ?? reasonInWords(reason)}`;
}
