import { randomBytes } from "node:crypto";

import { DenialEvent, type DenialFields, KERNEL_EVIDENCE, NEAREST_LACKS } from "./event.ts";
import { EVENT_ID, MAX_TIME, POLICY_HASH, RULE_ID } from "./identifier.ts";
import { cleanText, MAX_CELL_LENGTH, MAX_POLICY_NAME_LENGTH, MAX_TARGET_LENGTH } from "./text.ts";
import { CAPABILITIES, DEFAULT_RULE, DENIAL_REASONS, OPERATIONS, VERDICTS } from "./vocabulary.ts";

/** What the caller of {@link denialEvent} must say; the rest is filled in. */
export type DenialInput = Pick<DenialFields, "cell" | "capability" | "operation"> &
  Partial<Omit<DenialFields, "cell" | "capability" | "operation">>;

/** Most cells whose sequence is remembered; the one unheard of for longest is forgotten, and starts a new instance. */
const MAX_SEQUENCES = 10_000;
const sequences = new Map<string, { readonly instance: string; last: number }>();

/**
 * Makes an event of a denial: fills id, seq, time and defaults, cleans the text, freezes.
 *
 * @remarks The texts (`cell`, `target`, `policyName`) are taken as the guest and the policy wrote them. Whoever numbers
 * its denials gives `id` and `seq` both; otherwise they come from one sequence per cell name in this process.
 *
 * @throws TypeError where a field is outside its closed set, a name is not a name, or the kernel is said to have denied
 * without evidence.
 */
export function denialEvent(input: DenialInput): DenialEvent {
  oneOf("capability", input.capability, CAPABILITIES);
  oneOf("operation", input.operation, OPERATIONS[input.capability]);
  const reason = input.reason ?? "no_rule";
  oneOf("reason", reason, DENIAL_REASONS);
  const brokerDecision = input.brokerDecision ?? "deny";
  oneOf("brokerDecision", brokerDecision, VERDICTS);
  const kernelDecision = input.kernelDecision ?? "not_evaluated";
  oneOf("kernelDecision", kernelDecision, VERDICTS);
  const kernelEvidence = input.kernelEvidence ?? null;
  if (kernelEvidence !== null) oneOf("kernelEvidence", kernelEvidence, KERNEL_EVIDENCE);
  if ((kernelDecision === "deny") !== (kernelEvidence !== null)) {
    throw new TypeError(
      'kernelEvidence must be given with kernelDecision "deny", and with no other: the kernel\'s denial is only said with evidence',
    );
  }
  const policyRule = input.policyRule ?? DEFAULT_RULE;
  matching("policyRule", policyRule, RULE_ID);
  const nearestRule = input.nearestRule ?? null;
  if (nearestRule !== null) {
    matching("nearestRule.id", nearestRule.id, RULE_ID);
    oneOf("nearestRule.lacked", nearestRule.lacked, NEAREST_LACKS);
  }
  const policyHash = input.policyHash ?? null;
  if (policyHash !== null) matching("policyHash", policyHash, POLICY_HASH);
  const enforced = input.enforced ?? true;
  if (typeof enforced !== "boolean") refuse("enforced", "true or false", enforced);
  const cell = text("cell", input.cell, MAX_CELL_LENGTH);
  if (cell === "") refuse("cell", "a name", cell);
  const target = text("target", input.target ?? "", MAX_TARGET_LENGTH);
  const policyName = input.policyName ?? null;

  let { id, seq } = input;
  if (id !== undefined) matching("id", id, EVENT_ID);
  if (seq !== undefined && !(Number.isSafeInteger(seq) && seq >= 1)) {
    refuse("seq", "a whole number from 1", seq);
  }
  // Last, so that a refused input leaves no gap in the sequence.
  const time = millisecond(input.time ?? Date.now());
  if (id === undefined || seq === undefined) {
    const next = nextInSequence(cell);
    id ??= next.id;
    seq ??= next.seq;
  }
  return new DenialEvent({
    id,
    seq,
    time,
    cell,
    capability: input.capability,
    operation: input.operation,
    target,
    policyRule,
    brokerDecision,
    kernelDecision,
    kernelEvidence,
    reason,
    nearestRule,
    policyName: policyName === null ? null : text("policyName", policyName, MAX_POLICY_NAME_LENGTH),
    policyHash,
    enforced,
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

/** A clock with a finer grain than the event's is rounded down, so that the event's JSON loses nothing. */
function millisecond(time: unknown): number {
  const whole = typeof time === "number" ? Math.floor(time) : Number.NaN;
  if (whole >= 0 && whole <= MAX_TIME) return whole;
  return refuse("time", "Unix milliseconds up to the year 9999", time);
}

function text(field: string, value: unknown, max: number): string {
  return typeof value === "string" ? cleanText(value, max) : refuse(field, "text", value);
}

function oneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string)) refuse(field, `one of ${allowed.join(", ")}`, value);
}

function matching(field: string, value: unknown, pattern: RegExp): void {
  if (typeof value !== "string" || !pattern.test(value)) {
    refuse(field, `text that matches ${pattern.source}`, value);
  }
}

function refuse(field: string, wanted: string, value: unknown): never {
  const got = typeof value === "string" ? `"${cleanText(value, 80)}"` : typeof value;
  throw new TypeError(`${field} must be ${wanted}; got ${got}`);
}
