import { plainData } from "../parse/plain-data.ts";
import { cleanText } from "../clean-text.ts";
import { type DenialEventIssue, issuesOf } from "./event-json.ts";
import { DenialEvent, type DenialEventJson } from "./event.ts";

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

/** Most mistakes that are listed. */
const MAX_ISSUES = 50;

/**
 * Reads an event from its JSON, as an object or as text. Accepts exactly what `denialEvent` makes.
 *
 * @throws InvalidDenialEventError for every other value.
 */
export function parseDenialEvent(input: unknown): DenialEvent {
  const data = dataOf(input);
  const issues = issuesOf(data);
  if (issues.length > 0) {
    throw new InvalidDenialEventError(
      issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
        path,
        message: cleanText(message, 300),
      })),
    );
  }
  const json = data as DenialEventJson;
  return new DenialEvent({
    id: json.id,
    seq: json.seq,
    time: Date.parse(json.time),
    cell: json.cell,
    capability: json.capability,
    operation: json.operation,
    target: json.target,
    policyRule: json.policy_rule,
    ruleDescription: json.rule_description ?? null,
    ruleOwner: json.rule_owner ?? null,
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
