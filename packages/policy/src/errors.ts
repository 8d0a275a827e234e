import type { DenialEvent } from "./event/event.ts";

/** A request was refused. `denialEvent` is the record of this refusal. */
export class PolicyError extends Error {
  readonly denialEvent: DenialEvent;
  /** The frames of the guest's own program where it was refused, cleaned; not there where they are not known, as of a limit. */
  declare readonly guestStack?: string;

  /** @param guestStack See {@link guestStack}. Guest text: clean it first. */
  constructor(denialEvent: DenialEvent, guestStack = "") {
    super(describe(denialEvent));
    this.denialEvent = denialEvent;
    if (guestStack !== "")
      Object.defineProperty(this, "guestStack", { value: guestStack, configurable: true });
  }

  override get name(): string {
    return "PolicyError";
  }
}

/** A control operation was attempted with a wrong token. */
export class PolicyAuthError extends PolicyError {
  override get name(): string {
    return "PolicyAuthError";
  }
}

function describe(event: DenialEvent): string {
  const nearest = event.nearestRule
    ? `; nearest rule "${event.nearestRule.id}" lacks the ${event.nearestRule.lacked}`
    : "";
  return `${event.capability} ${event.attemptedAction} denied to ${event.cell} by ${event.policyRule} (${event.reason}${nearest})`;
}

/** One mistake in a policy. */
export interface PolicyIssue {
  /** Where in the document: `rules[2].paths[0]`, or empty for the document itself. */
  readonly path: string;
  /** Line in the text, from 1; absent if the policy was given as an object. */
  readonly line?: number;
  readonly message: string;
}

/** Most mistakes that are listed. No real policy has so many, and a hostile one must not produce a message of 100 MB. */
const MAX_ISSUES = 500;

/** Sorts mistakes in the order of the text. Above the bound, cuts them and adds one that says how many there are. */
export function bounded(issues: readonly PolicyIssue[]): readonly PolicyIssue[] {
  const sorted = issues.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0));
  if (sorted.length <= MAX_ISSUES) return sorted;
  const more = `${sorted.length} mistakes in all; these are the first ${MAX_ISSUES}`;
  return [...sorted.slice(0, MAX_ISSUES), { path: "", message: more }];
}

/** A policy that does not load. Lists every mistake, not only the first. */
export class InvalidPolicyError extends Error {
  readonly issues: readonly PolicyIssue[];

  constructor(issues: readonly PolicyIssue[], source?: string) {
    const list = issues.map(
      ({ path, line, message }) =>
        `  ${line === undefined ? "" : `line ${line}: `}${path === "" ? "" : `${path}: `}${message}`,
    );
    super(
      `Invalid policy${source === undefined ? "" : ` ${source}`}: ${issues.length} ${issues.length === 1 ? "mistake" : "mistakes"}\n${list.join("\n")}`,
    );
    this.issues = Object.freeze(issues.map((issue) => Object.freeze({ ...issue })));
  }

  override get name(): string {
    return "InvalidPolicyError";
  }
}
