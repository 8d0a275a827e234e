import { type CompiledOperation, compiledPolicy } from "./compile.ts";
import type { Decision } from "./decision.ts";
import type { Policy } from "./policy.ts";
import type { Request } from "./request.ts";
import { DEFAULT_RULE } from "./vocabulary.ts";

const NO_RULE: Decision = Object.freeze({ effect: "deny", rule: DEFAULT_RULE, reason: "no_rule" });

/**
 * The policy's verdict on a request. The default is deny, and deny beats allow in any order of the rules. If several rules of the
 * deciding effect cover a request, the verdict names the first in the document.
 *
 * @remarks Pure and total: never throws, and denies a malformed request and a policy that `parsePolicy` did not make. Decisions
 *   are frozen and shared. The cost depends on the segments, labels or characters of the target and the arguments of a command,
 *   and not on the number of rules.
 */
export function decide(policy: Policy, request: Request): Decision {
  try {
    return verdict(policy, request);
  } catch {
    // A caller without types may pass a getter or a proxy that throws.
    return NO_RULE;
  }
}

function verdict(policy: Policy, request: Request): Decision {
  const compiled = compiledPolicy(policy);
  if (compiled === undefined) return NO_RULE;
  const { capabilities, noRule } = compiled;
  const capability = capabilities.get(request.capability);
  const operation = capability?.operations.get(request.operation);
  const { target } = request;
  if (capability === undefined || operation === undefined) return noRule;
  if (typeof target !== "string") return capability.malformed ?? noRule;
  const canonical = capability.canonical(target, request.args);
  // No allow rule covers a malformed target. A deny rule without a scope explains the denial better than the nearest allow rule.
  if (canonical === null) {
    const { malformed, spelt } = capability;
    return operation.unscopedDeny ?? malformed ?? nearest(operation, spelt(target)) ?? noRule;
  }
  const rank = operation.covering.least(canonical, operation.unscoped);
  return operation.verdicts[rank] ?? nearest(operation, canonical) ?? noRule;
}

/**
 * Among the rules that grant the operation, the one whose scope is nearest to the target; the first of several that are equally near.
 * Undefined if there is none.
 */
function nearest({ outsideScope, near }: CompiledOperation, target: string): Decision | undefined {
  if (outsideScope.length < 2) return outsideScope[0];
  return outsideScope[near.nearest(target)];
}
