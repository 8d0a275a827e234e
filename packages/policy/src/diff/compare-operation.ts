import { scopeOf } from "../language/space-of.ts";
import type { Includes, Space } from "../language/space.ts";
import type { Rule } from "../policy.ts";
import { DEFAULT_RULE } from "../vocabulary.ts";

/** Targets that one operation is newly allowed or newly denied on. */
export interface OperationChange {
  readonly change: "allowed" | "denied";
  /** The shortest of these targets, in canonical form. */
  readonly witness: string;
  /** The rule of the later policy that decides them: its id, or `default`. */
  readonly rule: string;
}

/** The rules of one policy that speak of one operation, in the document's order. */
export interface Side {
  readonly allows: readonly Rule[];
  readonly denies: readonly Rule[];
}

/** Compares the targets that two sides allow one operation on. */
export function compareOperation(
  space: Space,
  before: Side,
  after: Side,
): readonly OperationChange[] {
  const from = scopesOf(before);
  const to = scopesOf(after);
  return [...allowed(space, from, to, after), ...denied(space, from, to, before, after)];
}

interface Scopes {
  readonly allows: ReadonlySet<string>;
  readonly denies: ReadonlySet<string>;
}

/** For each allow rule of the later side: what it decides that was denied before. */
function* allowed(space: Space, from: Scopes, to: Scopes, after: Side): Iterable<OperationChange> {
  // What was denied and is so no longer.
  const isLifted: Includes = (pattern) => from.denies.has(pattern) && !to.denies.has(pattern);
  const hasLifted = [...from.denies].some(isLifted);
  const earlier = new Set(to.denies);
  const isEarlier: Includes = (pattern) => earlier.has(pattern);
  for (const rule of after.allows) {
    const scope = scopeOf(rule);
    // A target that is newly allowed was allowed by no rule, or else denied by one.
    const gained = scope.filter((pattern) => !from.allows.has(pattern));
    const found = [
      gained.length > 0 &&
        space.shortest(gained, [], (pattern) => earlier.has(pattern) || from.allows.has(pattern)),
      hasLifted && space.shortest(scope, [isLifted], isEarlier),
    ];
    const witness = shortestOf(found);
    if (witness !== undefined) yield { change: "allowed", witness, rule: rule.id };
    for (const pattern of scope) earlier.add(pattern);
  }
}

/** For each deny rule of the later side, and for each allow rule of the earlier one: what was allowed before. */
function* denied(
  space: Space,
  from: Scopes,
  to: Scopes,
  before: Side,
  after: Side,
): Iterable<OperationChange> {
  const earlier = new Set(from.denies);
  const isEarlier: Includes = (pattern) => earlier.has(pattern);
  const wasAllowed: Includes = (pattern) => from.allows.has(pattern);
  for (const rule of after.denies) {
    const scope = scopeOf(rule);
    const added = scope.filter((pattern) => !from.denies.has(pattern));
    const witness =
      added.length > 0 && from.allows.size > 0
        ? space.shortest(added, [wasAllowed], isEarlier)
        : undefined;
    if (witness !== undefined) yield { change: "denied", witness, rule: rule.id };
    for (const pattern of scope) earlier.add(pattern);
  }
  const decided = new Set([...from.denies, ...to.denies, ...to.allows]);
  const isDecided: Includes = (pattern) => decided.has(pattern);
  for (const rule of before.allows) {
    const lost = scopeOf(rule).filter((pattern) => !to.allows.has(pattern));
    const witness = lost.length > 0 ? space.shortest(lost, [], isDecided) : undefined;
    if (witness !== undefined) yield { change: "denied", witness, rule: DEFAULT_RULE };
    for (const pattern of scopeOf(rule)) decided.add(pattern);
  }
}

function scopesOf({ allows, denies }: Side): Scopes {
  return { allows: new Set(allows.flatMap(scopeOf)), denies: new Set(denies.flatMap(scopeOf)) };
}

function shortestOf(found: readonly (string | false | undefined)[]): string | undefined {
  return found
    .filter((text) => typeof text === "string")
    .toSorted((one, other) => one.length - other.length)[0];
}
