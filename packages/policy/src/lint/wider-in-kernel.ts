import type { Policy, Rule } from "../policy.ts";

/**
 * The allow rules whose paths have a wildcard before their last segment. Linux knows directories and no patterns, so the kernel layer
 * of a cell grants the whole tree above the wildcard, and only the broker holds the cell to the pattern.
 */
export function widerInKernel(
  policy: Policy,
): readonly { readonly rule: Rule; readonly message: string }[] {
  return policy.rules.flatMap((rule) => {
    if (rule.effect === "deny" || rule.capability !== "filesystem") return [];
    const wider = (rule.paths ?? []).flatMap((path) => {
      const segments = path.split("/");
      const first = segments.findIndex((segment) => segment.includes("*"));
      if (first === -1 || first === segments.length - 1) return [];
      return [`${segments.slice(0, first).join("/") || "/"} for ${path}`];
    });
    if (wider.length === 0) return [];
    const message = `is wider in the kernel layer, which grants whole directories: ${wider.join(", ")}; name the directories, or let the broker alone hold it`;
    return [{ rule, message }];
  });
}
