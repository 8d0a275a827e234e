import { EVERYTHING, scopeKeyOf } from "../match/scope.ts";
import { Effort } from "../language/effort.ts";
import { scopeOf, spaceOf } from "../language/space-of.ts";
import { lineOf, readYaml } from "../parse/read-yaml.ts";
import type { Policy, Rule } from "../policy.ts";
import { quoted } from "../clean-text.ts";
import { Deciders } from "./deciders.ts";
import { unusableGrants } from "./unusable-grants.ts";
import { widerInKernel } from "./wider-in-kernel.ts";

/** A rule without effect, or one that allows more than its author may mean. */
export interface LintFinding {
  readonly kind:
    /** Earlier rules of the same effect decide all that the rule covers, so that it never decides. */
    | "shadowed"
    /** Deny rules, perhaps with earlier allow rules, decide all that the allow rule covers, so that it grants nothing. */
    | "emptied"
    /** The rule allows everything of its capability, or every host. */
    | "over_broad"
    /** A guest in a cell cannot use what the rule grants, because it is not granted the module for it. */
    | "unusable"
    /** The kernel layer of a cell cannot say a pattern of the rule, and grants a whole directory. */
    | "wider_in_kernel";
  /** The rule's id. */
  readonly rule: string;
  /** Where the rule stands in the document: `rules[2]`. */
  readonly path: string;
  /** Line of the rule, from 1, if the policy's text was given. */
  readonly line?: number;
  /** The rules that decide instead. A smallest set: without any of them the rule would decide something. */
  readonly by: readonly string[];
  readonly message: string;
}

/**
 * Finds rules without effect and rules that allow too much. Whether a rule ever decides is computed over every request, as in
 * `diffPolicies`.
 *
 * @param text The policy's text, for the lines of its rules.
 * @throws TooEntangledError as `diffPolicies`.
 */
export function lintPolicy(policy: Policy, text?: string): readonly LintFinding[] {
  const { rules } = policy;
  const effort = new Effort();
  const place = placeIn(rules, text);
  const finding = (
    kind: LintFinding["kind"],
    rule: Rule,
    message: string,
    by: readonly string[] = [],
  ): LintFinding => ({ kind, rule: rule.id, ...place(rule), by, message });
  const inVain = [...Map.groupBy(rules, ({ capability }) => capability)].flatMap(
    ([capability, own]) => {
      const space = spaceOf(capability, own, effort);
      const deciding = new Deciders(space, own);
      return own.flatMap((rule) => {
        const by = deciding.of(rule);
        if (by === undefined) return [];
        const names = by.map(({ id }) => quoted(id)).join(", ");
        const all = `${names} ${by.length === 1 ? "covers" : "cover"} all of it`;
        const isEmptied = by.some(({ effect }) => effect !== rule.effect);
        return isEmptied
          ? [finding("emptied", rule, `grants nothing: ${all}`, idsOf(by))]
          : [finding("shadowed", rule, `never decides: ${all}`, idsOf(by))];
      });
    },
  );
  const tooWide = rules
    .filter((rule) => rule.effect === "allow" && isOverBroad(rule, effort))
    .map((rule) => finding("over_broad", rule, "allows everything of its capability"));
  const unusable = unusableGrants(policy).map(({ rule, message }) =>
    finding("unusable", rule, message),
  );
  // Not said of a rule that has to change anyway.
  const found = new Set([...inVain, ...tooWide].map(({ rule }) => rule));
  const wider = widerInKernel(policy)
    .filter(({ rule }) => !found.has(rule.id))
    .map(({ rule, message }) => finding("wider_in_kernel", rule, message));
  return [...inVain, ...tooWide, ...unusable, ...wider];
}

function isOverBroad(rule: Rule, effort: Effort): boolean {
  const key = scopeKeyOf(rule.capability);
  if (key === undefined) return false;
  const scope = scopeOf(rule);
  if (key === "hosts" && scope.some((pattern) => pattern.startsWith("*:"))) return true;
  const everything: Rule = { ...rule, [key]: [EVERYTHING[key]] };
  const space = spaceOf(rule.capability, [rule, everything], effort);
  return (
    space.shortest(scopeOf(everything), [], (pattern) => scope.includes(pattern)) === undefined
  );
}

function idsOf(rules: readonly Rule[]): readonly string[] {
  return rules.map(({ id }) => id);
}

function placeIn(
  rules: readonly Rule[],
  text: string | undefined,
): (rule: Rule) => { readonly path: string; readonly line?: number } {
  const read = text === undefined ? undefined : readYaml(text);
  const places = new Map(rules.map((rule, at) => [rule, at]));
  return (rule) => {
    const at = places.get(rule) ?? -1;
    const path = `rules[${at}]`;
    return read === undefined
      ? { path }
      : { path, line: lineOf(read.data, read.lines, ["rules", at]) };
  };
}
