import { randomBytes } from "node:crypto";

import { DenialEvent, type DenialFields } from "./event.ts";
import { cleanText, MAX_TARGET_LENGTH } from "./text.ts";
import { CAPABILITIES, DEFAULT_RULE, DENIAL_REASONS, OPERATIONS, VERDICTS } from "./vocabulary.ts";

/** What the caller of {@link denialEvent} must say; the rest is filled in. */
export type DenialInput = Pick<DenialFields, "cell" | "capability" | "operation"> &
  Partial<Omit<DenialFields, "cell" | "capability" | "operation">>;

/** Most cells whose sequence is remembered; the one unheard of for longest is forgotten, and starts a new instance. */
const MAX_SEQUENCES = 10_000;
const sequences = new Map<string, { readonly instance: string; last: number }>();

/** A rule id: what may become a metric attribute. No path, URL or sentence matches. */
const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Makes an event of a denial: fills id, seq, time and defaults, cleans the text, freezes.
 *
 * @throws TypeError where a field is outside its closed set, or a name is not a name.
 */
export function denialEvent(input: DenialInput): DenialEvent {
  mustBeOneOf("capability", input.capability, CAPABILITIES);
  mustBeOneOf("operation", input.operation, OPERATIONS[input.capability]);
  const reason = input.reason ?? "no_rule";
  mustBeOneOf("reason", reason, DENIAL_REASONS);
  const brokerDecision = input.brokerDecision ?? "deny";
  mustBeOneOf("brokerDecision", brokerDecision, VERDICTS);
  const kernelDecision = input.kernelDecision ?? "not_evaluated";
  mustBeOneOf("kernelDecision", kernelDecision, VERDICTS);
  const policyRule = input.policyRule ?? DEFAULT_RULE;
  if (!RULE_ID.test(policyRule)) {
    throw new TypeError(
      `policyRule must be a rule id (letters, digits, ".", "_", "-", at most 64), got ${JSON.stringify(cleanText(String(policyRule), 80))}`,
    );
  }
  if (typeof input.cell !== "string" || input.cell === "") throw new TypeError("cell must be a name");
  const cell = cleanText(input.cell, 128);
  const named = input.id === undefined || input.seq === undefined ? nextInSequence(cell) : undefined;
  return new DenialEvent({
    id: input.id ?? named?.id ?? "",
    seq: input.seq ?? named?.seq ?? 0,
    time: input.time ?? Date.now(),
    cell,
    capability: input.capability,
    operation: input.operation,
    target: cleanText(input.target ?? "", MAX_TARGET_LENGTH),
    policyRule,
    brokerDecision,
    kernelDecision,
    kernelEvidence: input.kernelEvidence ?? null,
    reason,
    nearestRule: input.nearestRule ?? null,
    policyName: input.policyName ?? null,
    policyHash: input.policyHash ?? null,
    enforced: input.enforced ?? true,
  });
}

/** A name for one life of a cell: 96 random bits, so that ids made from it are unique across processes. */
export function newInstance(): string {
  return randomBytes(12).toString("base64url");
}

function nextInSequence(cell: string): { id: string; seq: number } {
  const sequence = sequences.get(cell) ?? { instance: newInstance(), last: 0 };
  // Re-inserted, so that the map's order is the order of last use.
  sequences.delete(cell);
  sequences.set(cell, sequence);
  if (sequences.size > MAX_SEQUENCES) {
    const [oldest] = sequences.keys();
    if (oldest !== undefined) sequences.delete(oldest);
  }
  sequence.last += 1;
  return { id: `${sequence.instance}-${sequence.last}`, seq: sequence.last };
}

function mustBeOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === "string" && allowed.includes(value)) return;
  throw new TypeError(
    `${field} must be one of ${allowed.join(", ")}; got ${JSON.stringify(cleanText(String(value), 80))}`,
  );
}
