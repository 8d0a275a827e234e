import type { DenialFields } from "./event.ts";
import { isReservedRuleId } from "../identifier.ts";

type Told = Pick<
  DenialFields,
  "brokerDecision" | "kernelDecision" | "reason" | "policyRule" | "enforced"
>;

/**
 * Finds fields of a denial that contradict each other although each is valid by itself. Without this check, such an event would
 * be counted as a refusal that no layer made, or under a rule that does not exist.
 */
export function contradictionIn({
  brokerDecision,
  kernelDecision,
  reason,
  policyRule,
  enforced,
}: Told): { readonly field: keyof Told; readonly message: string } | undefined {
  if (brokerDecision === "allow" && kernelDecision === "allow") {
    return {
      field: "kernelDecision",
      message: 'is "allow", as the broker\'s decision is; a denial needs a layer that denied',
    };
  }
  if (reason !== "explicit_deny") return undefined;
  // A shadow policy's verdict may be this: it would allow what a deny rule of the policy in force refused.
  if (!enforced && brokerDecision === "allow") return undefined;
  if (brokerDecision !== "deny") {
    return { field: "reason", message: 'is "explicit_deny", which needs a broker that says deny' };
  }
  return isReservedRuleId(policyRule)
    ? {
        field: "policyRule",
        message: "must be the id of the deny rule where the reason is explicit_deny",
      }
    : undefined;
}
