import type { z } from "zod";

import { lineOf, type Lines } from "./read-yaml.ts";
import { bounded, type PolicyIssue } from "../errors.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { Path, PlainData, PlainObject } from "./plain-data.ts";
import { type Declared, declaredIn } from "./own-capabilities.ts";
import { type PolicyDocument, schemaWith } from "./document.ts";
import { OWN_SCOPE_KEY } from "../match/scope.ts";
import { quoted } from "../clean-text.ts";
import { at, put } from "./data-at.ts";
import { spell } from "./spell.ts";
import { SCOPES, TOP_KEYS, unknownKey } from "./unknown-key.ts";
import { warningsOf } from "./policy-warnings.ts";
import { withinUnion } from "./command-issues.ts";
import { isCapabilityName } from "../identifier.ts";
import { GUARDED_CAPABILITIES, OPERATIONS } from "../vocabulary.ts";
import { issueMessage } from "./issue-message.ts";
import { mostSpecific } from "./most-specific.ts";

type Issue = z.core.$ZodIssue;
type Found = (path: Path, message: string) => void;

/**
 * Most rounds of checking. Each round repairs a mistake that hid further ones: a misspelled top key, then a rule's key, then its
 * capability, then its operations.
 */
const MAX_ROUNDS = 8;

export type Checked =
  | {
      readonly document: PolicyDocument;
      readonly issues: readonly [];
      readonly warnings: readonly PolicyIssue[];
    }
  | { readonly document?: never; readonly issues: readonly PolicyIssue[] };

/**
 * Checks a policy's data against the schema and lists every mistake. A mistake that hides others, such as a misspelled
 * capability, is repaired in `data` with the nearest word, and the check runs again. So one call finds all mistakes.
 */
export function check(data: PlainData | undefined, lines?: Lines): Checked {
  const issues: PolicyIssue[] = [];
  const issueAt = (path: Path, message: string): PolicyIssue => {
    const line = lines === undefined ? {} : { line: lineOf(data, lines, path) };
    return { path: spell(path), ...line, message };
  };
  const found = (path: Path, message: string): void => {
    issues.push(issueAt(path, message));
  };
  for (let round = 0; ; round += 1) {
    // Read again in each round: the last one may have mended the key `capabilities`.
    const declared = declaredIn(data);
    const result = schemaWith(declared).safeParse(data);
    if (result.success) {
      findDuplicates(data, found);
      return issues.length === 0
        ? { document: result.data, issues: [], warnings: bounded(warningsOf(result.data, issueAt)) }
        : { issues: bounded(issues) };
    }
    const problems = result.error.issues.flatMap((issue) => withinUnion(issue, data));
    const declaring = problems.find(isMisspeltDeclaration);
    // By itself: what the rules name is known only when it is mended.
    const mended = (declaring === undefined ? problems : [declaring]).filter(
      (issue) => round < MAX_ROUNDS && mend(issue, data, declared, found, lines),
    );
    // Report the remaining mistakes in the last round, so that each is reported once.
    if (mended.length > 0) continue;
    for (const issue of mostSpecific(problems)) {
      const path = issue.path as Path;
      found(path, issueMessage(issue, at(data, path), capabilitiesOf(declared)));
    }
    findDuplicates(data, found);
    return { issues: bounded(issues) };
  }
}

/** Whether the key `capabilities` is misspelt. */
function isMisspeltDeclaration(issue: Issue): boolean {
  return (
    issue.code === "unrecognized_keys" &&
    issue.path.length === 0 &&
    issue.keys.some((key) => didYouMean(key, TOP_KEYS) === "capabilities")
  );
}

/** Repairs a mistake that may hide others, and reports it. Returns false for a mistake that hides nothing. */
function mend(
  issue: Issue,
  data: PlainData | undefined,
  declared: Declared,
  found: Found,
  lines?: Lines,
): boolean {
  const path = issue.path as Path;
  const capabilities = capabilitiesOf(declared);
  if (issue.code === "unrecognized_keys") {
    const container = at(data, path) as PlainObject;
    for (const key of issue.keys) {
      const { message, near } = unknownKey(key, path, container);
      found([...path, key], message);
      const value = container[key];
      delete container[key];
      if (near === undefined || near in container || value === undefined) continue;
      container[near] = value;
      const places = lines?.get(container);
      places?.set(near, places.get(key) ?? 1);
    }
    return true;
  }
  if (issue.code === "invalid_value") {
    const written = at(data, path);
    const near =
      typeof written === "string" ? didYouMean(written, issue.values.map(String)) : undefined;
    const value = issue.values.find((each) => String(each) === near);
    if (typeof value !== "string" && typeof value !== "number") return false;
    found(path, issueMessage(issue, written, capabilities));
    // Put the value itself (1 and not "1"), or the next round would find the same mistake.
    put(data, path, value);
    return true;
  }
  if (issue.code !== "invalid_union" || path.at(-1) !== "capability") return false;
  const written = at(data, path);
  const rule = at(data, path.slice(0, -1)) as PlainObject;
  const near = typeof written === "string" ? didYouMean(written, capabilities) : undefined;
  const isUndeclared = near === undefined && OWN_SCOPE_KEY in rule && isCapabilityName(written);
  found(
    path,
    issueMessage(issue, written, capabilities) +
      (isUndeclared
        ? `; to have one of your own, declare it with its operations: capabilities: { ${written}: [call] }`
        : ""),
  );
  const capability = near ?? impliedBy(rule, declared);
  if (capability !== undefined) rule["capability"] = capability;
  else {
    // The capability cannot be guessed. Drop its fields, so that the keys that all rules have are still checked.
    for (const key of Object.keys(rule)) if (key !== "id" && key !== "effect") delete rule[key];
    rule["capability"] = "random";
  }
  return true;
}

/** The capabilities that a rule can name. */
function capabilitiesOf(declared: Declared): readonly string[] {
  return [...GUARDED_CAPABILITIES, ...declared.keys()];
}

/** The capability to which a rule's scope or operations belong. */
function impliedBy(rule: PlainObject, declared: Declared): string | undefined {
  const scope = SCOPES.find(([, key]) => key in rule)?.[0];
  if (scope !== undefined) return scope;
  const written = Array.isArray(rule["operations"]) ? rule["operations"] : [];
  const possible: [string, readonly string[] | undefined][] =
    OWN_SCOPE_KEY in rule
      ? [...declared]
      : [
          ...GUARDED_CAPABILITIES.map((name): [string, readonly string[]] => [
            name,
            OPERATIONS[name],
          ]),
          ...declared,
        ];
  const fitting = possible.filter(([, operations]) =>
    written.some((operation) => operations?.some((own) => own === operation)),
  );
  if (fitting.length === 1) return fitting[0]?.[0];
  return OWN_SCOPE_KEY in rule && possible.length === 1 ? possible[0]?.[0] : undefined;
}

/** Reports rules with the same id: events name a rule by its id, so such rules could not be told apart. */
function findDuplicates(data: PlainData | undefined, found: Found): void {
  const rules = at(data, ["rules"]);
  const firsts = new Map<string, number>();
  for (const index of Array.isArray(rules) ? rules.keys() : []) {
    const id = at(data, ["rules", index, "id"]);
    if (typeof id !== "string") continue;
    const first = firsts.get(id);
    if (first === undefined) firsts.set(id, index);
    else
      found(
        ["rules", index, "id"],
        `${quoted(id)} is the id of rules[${first}] too; choose another`,
      );
  }
}
