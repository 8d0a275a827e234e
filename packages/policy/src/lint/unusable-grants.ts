import { decide } from "../decide.ts";
import type { Policy, Rule } from "../policy.ts";

/** The modules by which a guest in a cell reaches a capability. The other capabilities need none. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  filesystem: ["node:fs", "node:fs/promises"],
  subprocess: ["node:child_process"],
};

/** The allow rules that a guest in a cell cannot use, because no rule lets it load the module for it. */
export function unusableGrants(
  policy: Policy,
): readonly { readonly rule: Rule; readonly message: string }[] {
  return policy.rules.flatMap((rule) => {
    const modules = MODULES[rule.capability];
    if (rule.effect === "deny" || modules === undefined) return [];
    const isReached = modules.some(
      (target) =>
        decide(policy, { capability: "import", operation: "load", target }).effect === "allow",
    );
    const message = `no guest in a cell can use it: no rule allows to import ${modules.join(" or ")}`;
    return isReached ? [] : [{ rule, message }];
  });
}
