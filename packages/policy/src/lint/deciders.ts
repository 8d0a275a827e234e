import { scopeOf } from "../language/space-of.ts";
import type { Space } from "../language/space.ts";
import { patternsOf } from "../match/scope.ts";
import type { Rule } from "../policy.ts";

/** The rules of one capability, by the order in which they decide. */
export class Deciders {
  readonly #space: Space;
  /** Where a rule stands in the document. */
  readonly #places: ReadonlyMap<Rule, number>;
  readonly #byPattern = new Map<string, Rule[]>();

  constructor(space: Space, rules: readonly Rule[]) {
    this.#space = space;
    this.#places = new Map(rules.map((rule, at) => [rule, at]));
    for (const rule of rules) {
      for (const pattern of scopeOf(rule)) {
        const others = this.#byPattern.get(pattern);
        if (others === undefined) this.#byPattern.set(pattern, [rule]);
        else others.push(rule);
      }
    }
  }

  /**
   * The rules that decide all that a rule covers, none of which could be left out; undefined if the rule itself decides something.
   */
  of(rule: Rule): readonly Rule[] | undefined {
    if (!this.#isDecidedBy(rule, (other) => this.#isBefore(other, rule))) return undefined;
    // Only rules with a pattern around its own can decide any of it.
    const around = this.#space.around(scopeOf(rule)).flatMap((pattern) => this.#with(pattern));
    const earlier = [...new Set(around)]
      .filter((other) => this.#isBefore(other, rule))
      .toSorted((one, other) => this.#placeOf(one) - this.#placeOf(other));
    const alone = earlier.find((other) => this.#isDecidedBy(rule, (each) => each === other));
    if (alone !== undefined) return [alone];
    const needed = new Set(earlier);
    for (const other of earlier) {
      needed.delete(other);
      if (!this.#isDecidedBy(rule, (each) => needed.has(each))) needed.add(other);
    }
    return earlier.filter((each) => needed.has(each));
  }

  /** Whether a rule comes before another in the order in which rules decide: deny rules, then the document's order. */
  #isBefore(other: Rule, rule: Rule): boolean {
    if (other === rule) return false;
    return other.effect === rule.effect
      ? this.#placeOf(other) < this.#placeOf(rule)
      : other.effect === "deny";
  }

  #isDecidedBy(rule: Rule, isAmong: (other: Rule) => boolean): boolean {
    return rule.operations.every((operation) => {
      const decides = (other: Rule): boolean =>
        isAmong(other) && other.operations.includes(operation);
      // Malformed targets are in no pattern, not even in the one for everything.
      if (decidesMalformed(rule)) {
        const alike = scopeOf(rule).flatMap((pattern) => this.#with(pattern));
        if (!alike.some((other) => decidesMalformed(other) && decides(other))) return false;
      }
      const isCovered = (pattern: string): boolean => this.#with(pattern).some(decides);
      return this.#space.shortest(scopeOf(rule), [], isCovered) === undefined;
    });
  }

  #with(pattern: string): readonly Rule[] {
    return this.#byPattern.get(pattern) ?? [];
  }

  #placeOf(rule: Rule): number {
    return this.#places.get(rule) ?? -1;
  }
}

/** Whether `decide` names the rule as the one that denies malformed targets, if it is the first of its kind. */
function decidesMalformed(rule: Rule): boolean {
  return rule.effect === "deny" && patternsOf(rule) === undefined;
}
