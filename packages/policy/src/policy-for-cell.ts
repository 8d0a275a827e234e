import { compilePolicy } from "./compile.ts";
import { CELL_PLACEHOLDER } from "./match/cell-placeholder.ts";
import { isPathSegment, PATH_PATTERN } from "./match/path-pattern.ts";
import { inWords } from "./describe-value.ts";
import type { Policy, Rule } from "./policy.ts";

/** Whether paths of the policy hold `${cell}`, so that it decides differently for each cell. */
export function isForEachCell({ rules }: Policy): boolean {
  return rules.some(({ paths = [], reads = [] }) =>
    [...paths, ...reads].some((path) => path.includes(CELL_PLACEHOLDER)),
  );
}

/**
 * The policy of one cell: in its paths, the cell's name stands in the place of each `${cell}`. Its name and its hash are those of
 * `policy`. A policy without `${cell}` is returned unchanged.
 *
 * @throws TypeError for a name that would be another path, or a pattern: one with `/`, a star, a bracket, a brace, a question
 *   mark or a character that hides or reorders text, and `.` and `..`.
 */
export function policyFor(policy: Policy, cell: string): Policy {
  if (!isForEachCell(policy)) return policy;
  if (!isPathSegment(cell)) {
    throw new TypeError(
      `the policy ${policy.name} has ${CELL_PLACEHOLDER} in its paths, so a cell's name must be the name of one directory, without "/", "*", "?", brackets, braces or invisible characters, and not "." or ".."; got ${inWords(cell)}`,
    );
  }
  const rules = policy.rules.map((rule) => Object.freeze(boundRule(rule, cell)));
  const bound = { ...policy, rules: Object.freeze(rules) };
  Object.defineProperty(bound, "warnings", { value: policy.warnings });
  const made = Object.freeze(bound) as Policy;
  compilePolicy(made);
  return made;
}

function boundRule(rule: Rule, cell: string): Rule {
  const { paths, reads } = rule;
  return {
    ...rule,
    ...(paths !== undefined && { paths: bound(paths, cell) }),
    ...(reads !== undefined && { reads: bound(reads, cell) }),
  };
}

function bound(patterns: readonly string[], cell: string): readonly string[] {
  return Object.freeze(
    patterns.map((pattern) => {
      // Give `replaceAll` a function: in a replacement text it would expand `$&` and the like.
      const path = pattern.replaceAll(CELL_PLACEHOLDER, () => cell);
      if (path !== pattern && !PATH_PATTERN.test(path))
        throw new TypeError(
          `the path ${inWords(pattern)} is not valid with the cell's name ${inWords(cell)}; give the cell another name`,
        );
      return path;
    }),
  );
}
