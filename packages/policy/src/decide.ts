import { type CompiledOperation, compiledPolicy, type CompiledRule } from "./compile.ts";
import type { Decision } from "./decision.ts";
import type { Policy } from "./policy.ts";
import type { Request } from "./request.ts";
import { DEFAULT_RULE } from "./vocabulary.ts";

const NO_RULE: Decision = Object.freeze({ effect: "deny", rule: DEFAULT_RULE, reason: "no_rule" });

/**
 * The policy's verdict on a request: deny by default, deny beats allow, whatever the order of the rules. Where several
 * rules of the deciding effect cover a request, the first in the document is named.
 *
 * @remarks Pure and total: it never throws, and what is not a request, or not a policy that `parsePolicy` made, is
 * denied. Decisions are frozen and shared; deciding allocates nothing where the target is in its one spelling already.
 */
export function decide(policy: Policy, request: Request): Decision {
  try {
    return verdict(policy, request);
  } catch {
    // A caller without types may hand in a getter or a proxy that throws.
    return NO_RULE;
  }
}

function verdict(policy: Policy, request: Request): Decision {
  const capability = compiledPolicy(policy)?.get(request.capability);
  const operation = capability?.operations.get(request.operation);
  const { target } = request;
  if (capability === undefined || operation === undefined || typeof target !== "string") {
    return NO_RULE;
  }
  const canonical = capability.canonical(target);
  if (canonical === null) return malformedTarget(operation, target);
  for (const rule of operation.denies) if (rule.covers(canonical)) return rule.verdict;
  for (const rule of operation.allows) if (rule.covers(canonical)) return rule.verdict;
  for (const rule of operation.others) if (rule.covers(canonical)) return rule.wrongOperation;
  return nearest(operation.allows, canonical);
}

/** No allow rule covers it; a deny rule without a scope is still the better explanation. */
function malformedTarget({ denies, allows }: CompiledOperation, target: string): Decision {
  const unscoped = denies.find((rule) => rule.unscoped);
  return unscoped?.verdict ?? nearest(allows, target);
}

/** Of rules that grant the operation, the one whose scope is nearest to the target; of equals, the first. */
function nearest(rules: readonly CompiledRule[], target: string): Decision {
  let found = NO_RULE;
  let best = -1;
  for (const rule of rules) {
    const nearness = rules.length === 1 ? 0 : rule.nearness(target);
    if (nearness > best) {
      best = nearness;
      found = rule.outsideScope;
    }
  }
  return found;
}
