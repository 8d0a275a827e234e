import { z } from "zod";

import { contradictionIn } from "./contradiction.ts";
import { DenialEvent, KERNEL_EVIDENCE, NEAREST_LACKS } from "./event.ts";
import { EVENT_ID, MAX_TIME, POLICY_HASH, RULE_ID } from "../identifier.ts";
import { plainData } from "../parse/plain-data.ts";
import {
  cleanText,
  isCleanText,
  MAX_CELL_LENGTH,
  MAX_POLICY_NAME_LENGTH,
  MAX_TARGET_LENGTH,
} from "../clean-text.ts";
import { DENIAL_REASONS, VERDICTS } from "../vocabulary.ts";

/** One reason why a value is not a denial event. `path` is the name of a field; empty for the whole value. */
export interface DenialEventIssue {
  readonly path: string;
  readonly message: string;
}

/** The value is not a denial event. Lists every mistake; the text that it quotes is cleaned. */
export class InvalidDenialEventError extends Error {
  readonly issues: readonly DenialEventIssue[];

  constructor(issues: readonly DenialEventIssue[]) {
    const list = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    super(`Invalid denial event: ${list.join("; ")}`);
    this.issues = Object.freeze(issues.map((issue) => Object.freeze({ ...issue })));
  }

  override get name(): string {
    return "InvalidDenialEventError";
  }
}

/** Longest JSON text of an event, in UTF-16 code units: several times an event with every field at its longest and escaped. */
const MAX_TEXT_LENGTH = 64 * 1024;

/**
 * Reads an event from its JSON, as an object or as text. Accepts exactly what `denialEvent` makes.
 *
 * @throws InvalidDenialEventError for every other value.
 */
export function parseDenialEvent(input: unknown): DenialEvent {
  const result = EventJson.safeParse(dataOf(input));
  if (!result.success) {
    throw new InvalidDenialEventError(
      result.error.issues.slice(0, 50).map(({ path, message }) => ({
        path: cleanText(path.map(String).join("."), 80),
        message: cleanText(message, 300),
      })),
    );
  }
  const json = result.data;
  return new DenialEvent({
    id: json.id,
    seq: json.seq,
    time: Date.parse(json.time),
    cell: json.cell,
    capability: json.capability,
    operation: json.operation,
    target: json.target,
    policyRule: json.policy_rule,
    brokerDecision: json.broker_decision,
    kernelDecision: json.kernel_decision,
    kernelEvidence: json.kernel_evidence,
    reason: json.reason,
    nearestRule: json.nearest_rule,
    policyName: json.policy_name,
    policyHash: json.policy_hash,
    enforced: json.enforced,
  });
}

const clean = (max: number) =>
  z.string().refine((text) => isCleanText(text, max), {
    error: `must be clean text of at most ${max} characters, as cleanText makes it`,
  });

const ruleId = z.string().regex(RULE_ID, "must be a rule id");

const name = z
  .string()
  .regex(RULE_ID, "must begin with a letter or digit, then letters, digits, '.', '_', '-'");

const EventJson = z
  .strictObject({
    id: z.string().regex(EVENT_ID, "must be 1 to 128 letters, digits, '.', '_', ':' or '-'"),
    seq: z.int().min(1),
    time: z.string().refine(isTime, { error: "must be RFC 3339 in UTC with milliseconds" }),
    cell: clean(MAX_CELL_LENGTH).min(1),
    capability: name,
    operation: name,
    target: clean(MAX_TARGET_LENGTH),
    attempted_action: z.string(),
    policy_rule: ruleId,
    broker_decision: z.enum(VERDICTS),
    kernel_decision: z.enum(VERDICTS),
    kernel_evidence: z.enum(KERNEL_EVIDENCE).nullable(),
    reason: z.enum(DENIAL_REASONS),
    nearest_rule: z.strictObject({ id: ruleId, lacked: z.enum(NEAREST_LACKS) }).nullable(),
    policy_name: clean(MAX_POLICY_NAME_LENGTH).nullable(),
    policy_hash: z.string().regex(POLICY_HASH, "must be 16 hex digits").nullable(),
    enforced: z.boolean(),
  })
  .check(({ value, issues }) => {
    const disagree = (path: string, message: string): void => {
      issues.push({ code: "custom", path: [path], message, input: value });
    };
    const action = value.target === "" ? value.operation : `${value.operation}:${value.target}`;
    if (value.attempted_action !== action) {
      disagree("attempted_action", "must be the operation and the target");
    }
    if ((value.kernel_decision === "deny") !== (value.kernel_evidence !== null)) {
      disagree("kernel_evidence", "must be given with a kernel_decision of deny, and no other");
    }
    const contradiction = contradictionIn({
      brokerDecision: value.broker_decision,
      kernelDecision: value.kernel_decision,
      reason: value.reason,
      policyRule: value.policy_rule,
    });
    if (contradiction !== undefined) {
      disagree(SPELLINGS[contradiction.field], contradiction.message);
    }
  });

/** The JSON names of the fields that can contradict each other. */
const SPELLINGS = {
  brokerDecision: "broker_decision",
  kernelDecision: "kernel_decision",
  reason: "reason",
  policyRule: "policy_rule",
} as const;

/** Whether a time is spelled as `toJSON` spells it. Only one spelling of a moment is accepted, so that the round trip is exact. */
function isTime(text: string): boolean {
  const time = text.length > 30 ? Number.NaN : Date.parse(text);
  return time >= 0 && time <= MAX_TIME && new Date(time).toISOString() === text;
}

/** Copies the input to plain data, so that it cannot change between check and use. */
function dataOf(input: unknown): unknown {
  let data = input;
  if (typeof input === "string") {
    if (input.length > MAX_TEXT_LENGTH) fail(`longer than ${MAX_TEXT_LENGTH} characters`);
    try {
      data = JSON.parse(input);
    } catch {
      fail("not JSON");
    }
  }
  return plainData(data, (_path, message) => fail(message));
}

function fail(message: string): never {
  throw new InvalidDenialEventError([{ path: "", message }]);
}
