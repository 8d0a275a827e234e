import type { Decision } from "../decision.ts";
import { scopeOf } from "../language/space-of.ts";
import { NO_RANK, type RankIndex } from "../match/rule-rank.ts";
import { commandLine } from "../match/command-line.ts";
import { scopingOf } from "../match/scope.ts";
import type { Policy, Rule } from "../policy.ts";
import type { Request } from "../request.ts";
import { DEFAULT_RULE } from "../vocabulary.ts";

/** Whether one rule decided any request, and by which of its parts. */
export interface RuleCoverage {
  /** The rule's id, or `default` for denials that no rule decides. */
  readonly rule: string;
  readonly covered: boolean;
  /** The rule's operations and patterns, in its order. */
  readonly branches: readonly { readonly branch: string; readonly covered: boolean }[];
}

/** Which rules of a policy decided requests, and which parts of them. */
export interface PolicyCoverage {
  readonly rules: readonly RuleCoverage[];
  /** Rules and branches that decided a request. */
  readonly covered: number;
  /** Rules and branches in all, and 1 for `default`. */
  readonly total: number;
}

/** Collects which rules and parts of rules decide requests. */
export class Coverage {
  readonly #rules: ReadonlyMap<string, RuleBranches>;
  #byDefault = false;

  constructor(policy: Policy) {
    this.#rules = new Map(policy.rules.map((rule) => [rule.id, new RuleBranches(rule)]));
  }

  add(request: Request, decision: Decision): void {
    const rule = this.#rules.get(decision.rule);
    if (rule === undefined) this.#byDefault = true;
    else rule.add(request);
  }

  report(): PolicyCoverage {
    const rules: RuleCoverage[] = [
      ...[...this.#rules.values()].map((rule) => rule.report()),
      { rule: DEFAULT_RULE, covered: this.#byDefault, branches: [] },
    ];
    const all = rules.flatMap(({ covered, branches }) => [{ covered }, ...branches]);
    const covered = all.filter((each) => each.covered).length;
    return { rules, covered, total: all.length };
  }
}

class RuleBranches {
  readonly #rule: Rule;
  readonly #operations = new Set<string>();
  readonly #patterns = new Set<string>();
  readonly #indexes: readonly (readonly [pattern: string, index: RankIndex])[];
  #covered = false;

  constructor(rule: Rule) {
    this.#rule = rule;
    this.#indexes = scopeOf(rule).map((pattern, at) => {
      const index = scopingOf(rule.capability).covering();
      index.add(pattern, 0);
      return [writtenAs(rule, at) ?? pattern, index];
    });
  }

  add({ operation, target, args }: Request): void {
    this.#covered = true;
    this.#operations.add(operation);
    const canonical = scopingOf(this.#rule.capability).canonical(target, args) ?? target;
    for (const [pattern, index] of this.#indexes) {
      if (index.least(canonical, NO_RANK) === 0) this.#patterns.add(pattern);
    }
  }

  report(): RuleCoverage {
    const { id, operations, capability } = this.#rule;
    const patterns = capability === "random" ? [] : this.#indexes.map(([pattern]) => pattern);
    return {
      rule: id,
      covered: this.#covered,
      branches: [
        ...operations.map((branch) => ({ branch, covered: this.#operations.has(branch) })),
        ...patterns.map((branch) => ({ branch, covered: this.#patterns.has(branch) })),
      ],
    };
  }
}

/** A command of a rule as records show it: its pattern is in the matcher's own spelling. Undefined for other scopes. */
function writtenAs({ commands }: Rule, at: number): string | undefined {
  const scope = commands?.[at];
  return typeof scope === "object" ? commandLine(scope.path, scope.args) : scope;
}
