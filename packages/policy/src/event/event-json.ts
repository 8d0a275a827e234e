import { EVENT_ID, MAX_TIME, POLICY_HASH, RULE_ID } from "../identifier.ts";
import { flag, isRecord, mustBe, oneOf, type OptionCheck } from "../options.ts";
import { contradictionIn } from "./contradiction.ts";
import {
  isCleanText,
  MAX_CELL_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_OWNER_LENGTH,
  MAX_POLICY_NAME_LENGTH,
  MAX_TARGET_LENGTH,
  quoted,
} from "../clean-text.ts";
import { DENIAL_REASONS, VERDICTS } from "../vocabulary.ts";
import { type DenialEventJson, KERNEL_EVIDENCE, NEAREST_LACKS } from "./event.ts";

/** One reason why a value is not a denial event. `path` is the name of a field; empty for the whole value. */
export interface DenialEventIssue {
  readonly path: string;
  readonly message: string;
}

/**
 * What is wrong with a value that is to be the JSON of an event; empty if it is one. Written by hand, because zod would be most of
 * the code that is loaded by a service which imports only the recorder.
 *
 * @param value plain data, so that it cannot change between this check and its use.
 */
export function issuesOf(value: unknown): DenialEventIssue[] {
  const mistake = isObject(value);
  if (mistake !== undefined) return [{ path: "", message: mistake }];
  const json = value as DenialEventJson;
  const nearest: unknown = json.nearest_rule;
  const issues = [
    ...issuesIn("", json, FIELDS),
    ...(isRecord(nearest) ? issuesIn("nearest_rule", nearest, NEAREST_RULE) : []),
  ];
  return issues.length > 0 ? issues : disagreements(json);
}

/** What is wrong with one object, field by field. Fields that are missing or unknown are wrong. */
function issuesIn(
  path: string,
  object: object,
  checks: Readonly<Record<string, OptionCheck>>,
): DenialEventIssue[] {
  const fields = object as Readonly<Record<string, unknown>>;
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const unknown = Object.keys(fields)
    .filter((name) => !Object.hasOwn(checks, name))
    .map((name) => ({ path, message: `has the unknown field ${quoted(name)}` }));
  const wrong = Object.entries(checks).flatMap(([name, check]) => {
    if (!Object.hasOwn(fields, name) && OPTIONAL.has(name)) return [];
    const message = Object.hasOwn(fields, name) ? check(fields[name]) : "is missing";
    return message === undefined ? [] : [{ path: at(name), message }];
  });
  return [...wrong, ...unknown];
}

const isObject = mustBe("an object with the fields of a denial event", isRecord);

const matching = (pattern: RegExp, wanted: string): OptionCheck =>
  mustBe(wanted, (value) => typeof value === "string" && pattern.test(value));

const clean = (max: number, min = 0): OptionCheck =>
  mustBe(
    `clean text of ${min} to ${max} characters, as cleanText makes it`,
    (value) => typeof value === "string" && value.length >= min && isCleanText(value, max),
  );

const orNull =
  (check: OptionCheck): OptionCheck =>
  (value) =>
    value === null ? undefined : check(value);

const NAME = "a name: a letter or digit, then letters, digits, '.', '_', '-', at most 64";
const ruleId = matching(RULE_ID, "a rule's id");

/** Left out where there is nothing to say, as in events from before there were any. */
const OPTIONAL = new Set(["rule_description", "rule_owner"]);

const NEAREST_RULE: Readonly<Record<string, OptionCheck>> = {
  id: ruleId,
  lacked: oneOf(NEAREST_LACKS),
};

// A record, so that a field that is forgotten does not compile.
const FIELDS: Readonly<Record<keyof DenialEventJson, OptionCheck>> = {
  id: matching(EVENT_ID, "1 to 128 letters, digits, '.', '_', ':' or '-'"),
  seq: mustBe(
    "a whole number from 1",
    (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 1,
  ),
  time: mustBe("RFC 3339 in UTC with milliseconds", isTime),
  cell: clean(MAX_CELL_LENGTH, 1),
  capability: matching(RULE_ID, NAME),
  operation: matching(RULE_ID, NAME),
  target: clean(MAX_TARGET_LENGTH),
  attempted_action: mustBe("text", (value) => typeof value === "string"),
  policy_rule: ruleId,
  rule_description: clean(MAX_DESCRIPTION_LENGTH, 1),
  rule_owner: clean(MAX_OWNER_LENGTH, 1),
  broker_decision: oneOf(VERDICTS),
  kernel_decision: oneOf(VERDICTS),
  kernel_evidence: orNull(oneOf(KERNEL_EVIDENCE)),
  reason: oneOf(DENIAL_REASONS),
  nearest_rule: orNull(mustBe("a rule's id and what it lacked", isRecord)),
  policy_name: orNull(clean(MAX_POLICY_NAME_LENGTH)),
  policy_hash: orNull(matching(POLICY_HASH, "16 hex digits")),
  enforced: flag,
};

/** Fields that are right by themselves and contradict each other. */
function disagreements(json: DenialEventJson): DenialEventIssue[] {
  const issues: DenialEventIssue[] = [];
  const action = json.target === "" ? json.operation : `${json.operation}:${json.target}`;
  if (json.attempted_action !== action) {
    issues.push({ path: "attempted_action", message: "must be the operation and the target" });
  }
  if ((json.kernel_decision === "deny") !== (json.kernel_evidence !== null)) {
    const message = "must be given with a kernel_decision of deny, and no other";
    issues.push({ path: "kernel_evidence", message });
  }
  const contradiction = contradictionIn({
    brokerDecision: json.broker_decision,
    kernelDecision: json.kernel_decision,
    reason: json.reason,
    policyRule: json.policy_rule,
    enforced: json.enforced,
  });
  if (contradiction !== undefined) {
    issues.push({ path: SPELLINGS[contradiction.field], message: contradiction.message });
  }
  return issues;
}

/** The JSON names of the fields that can contradict each other. */
const SPELLINGS = {
  brokerDecision: "broker_decision",
  kernelDecision: "kernel_decision",
  reason: "reason",
  policyRule: "policy_rule",
  enforced: "enforced",
} as const;

/** Whether a time is spelled as `toJSON` spells it. Only one spelling of a moment is accepted, so that the round trip is exact. */
function isTime(value: unknown): boolean {
  const time = typeof value === "string" && value.length <= 30 ? Date.parse(value) : Number.NaN;
  return time >= 0 && time <= MAX_TIME && new Date(time).toISOString() === value;
}
