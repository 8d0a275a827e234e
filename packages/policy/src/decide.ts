import { type CompiledOperation, compiledPolicy } from "./compile.ts";
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
 * denied. Decisions are frozen and shared. A decision costs what its target's segments or labels cost to look up, however
 * many rules there are.
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
  // No allow rule covers it; a deny rule without a scope is still the better explanation.
  if (canonical === null) return operation.unscopedDeny ?? nearest(operation, target);
  const rank = operation.covering.least(canonical, operation.unscoped);
  return operation.verdicts[rank] ?? nearest(operation, canonical);
}

/** Of rules that grant the operation, the one whose scope is nearest to the target; of equals, the first. */
function nearest({ outsideScope, near }: CompiledOperation, target: string): Decision {
  if (outsideScope.length < 2) return outsideScope[0] ?? NO_RULE;
  return outsideScope[near.nearest(target)] ?? NO_RULE;
}
