import { contradictionIn } from "./contradiction.ts";
import type { NearestRule } from "../decision.ts";
import {
  DenialEvent,
  type DenialFields,
  type Explains,
  KERNEL_EVIDENCE,
  NEAREST_LACKS,
} from "./event.ts";
import { EVENT_ID, MAX_TIME, POLICY_HASH, RULE_ID } from "../identifier.ts";
import { didYouMean } from "../parse/did-you-mean.ts";
import { nextInSequence } from "./sequence.ts";
import {
  cleanText,
  MAX_CELL_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_OWNER_LENGTH,
  MAX_POLICY_NAME_LENGTH,
  MAX_TARGET_LENGTH,
  quoted,
} from "../clean-text.ts";
import { DEFAULT_RULE, DENIAL_REASONS, VERDICTS } from "../vocabulary.ts";

/**
 * How many calls for each capability have their fields' names checked. A misspelt one is the program's, and shows in its first calls;
 * by capability, since a guard may refuse something for the first time when others have refused a million requests.
 */
const CHECKED_CALLS = 10_000;
/** Most capabilities whose calls are counted: a program has some ten. Of any other no call is checked. */
const MAX_COUNTED = 256;
const calls = new Map<string, number>();

/** What the caller of {@link denialEvent} must give. Every other field has a default. */
export type DenialInput = Pick<DenialFields, "cell" | "capability" | "operation"> &
  Partial<
    Omit<DenialFields, "cell" | "capability" | "operation" | "ruleDescription" | "ruleOwner">
  > & {
    /** The decision's `description`, as the policy has it. */
    readonly ruleDescription?: string | null | undefined;
    /** The decision's `owner`. */
    readonly ruleOwner?: string | null | undefined;
    /** Gives the event's `explanation`, when it is read: `explainer(policy)`. */
    readonly explains?: Explains | undefined;
  };

/**
 * Makes a denial event: fills in id, seq, time and defaults, cleans the texts, and freezes the event.
 *
 * @remarks Give the texts (`cell`, `target`, `policyName`) as the guest and the policy wrote them. A caller that numbers its
 *   denials itself gives both `id` and `seq`. Otherwise they come from one sequence for each cell name in this process, which
 *   remembers at least the 65,536 names used last.
 *
 * A service's own capabilities and operations need no declaration here, so that its deny path never throws for one;
 * only a recorder wants to know them, and counts those that it does not as `_other`.
 *
 * The names of fields are checked in the first 10,000 calls for each capability. If every call checked them, V8 could no longer do
 * without the object `input`, which costs 50 MiB of garbage in a flood of a million denials.
 *
 * @throws TypeError where a field is unknown or outside its closed set, a name is not a name, the kernel is said to have denied
 * without evidence, or the fields contradict each other.
 */
export function denialEvent(input: DenialInput): DenialEvent {
  const fields = checked(input);
  if (fields.id === undefined || fields.seq === undefined) {
    // Take the number last, when nothing can be refused any more: a number without an event would be a gap in the sequence.
    const next = nextInSequence(fields.cell);
    fields.id ??= next.id;
    fields.seq ??= next.seq;
  }
  // No copy of the fields: with as many as these, V8 makes one as a hash table, of which a flood leaves 50 MiB behind.
  return new DenialEvent(fields as DenialFields, fields.explains);
}

type Checked = Omit<DenialFields, "id" | "seq"> & {
  id: string | undefined;
  seq: number | undefined;
  explains: Explains | undefined;
};

/** Checks the input. Reads each field once, so that the event says what was checked. */
function checked(input: DenialInput): Checked {
  const { capability, operation, id, seq } = input;
  const { explains } = input;
  if (explains !== undefined && typeof explains !== "function")
    refuse("explains", "a function, such as explainer(policy)", explains);
  const { reason = "no_rule", policyRule = DEFAULT_RULE, enforced = true } = input;
  const { brokerDecision = "deny", kernelDecision = "not_evaluated" } = input;
  // Without a capability its name may be what is misspelt, which says more.
  if (typeof capability !== "string") known(input);
  matching("capability", capability, RULE_ID);
  const count = calls.get(capability) ?? (calls.size < MAX_COUNTED ? 0 : CHECKED_CALLS);
  if (count < CHECKED_CALLS) {
    calls.set(capability, count + 1);
    known(input);
  }
  matching("operation", operation, RULE_ID);
  oneOf("reason", reason, DENIAL_REASONS);
  oneOf("brokerDecision", brokerDecision, VERDICTS);
  oneOf("kernelDecision", kernelDecision, VERDICTS);
  const kernelEvidence = input.kernelEvidence ?? null;
  if (kernelEvidence !== null) oneOf("kernelEvidence", kernelEvidence, KERNEL_EVIDENCE);
  if ((kernelDecision === "deny") !== (kernelEvidence !== null)) {
    throw new TypeError(
      'kernelEvidence must be given with kernelDecision "deny", and with no other: the kernel\'s denial is only said with evidence',
    );
  }
  matching("policyRule", policyRule, RULE_ID);
  if (typeof enforced !== "boolean") refuse("enforced", "true or false", enforced);
  const contradiction = contradictionIn({
    brokerDecision,
    kernelDecision,
    reason,
    policyRule,
    enforced,
  });
  if (contradiction !== undefined) {
    throw new TypeError(`${contradiction.field} ${contradiction.message}`);
  }
  const policyHash = input.policyHash ?? null;
  if (policyHash !== null) matching("policyHash", policyHash, POLICY_HASH);
  if (id !== undefined) matching("id", id, EVENT_ID);
  if (seq !== undefined && !(Number.isSafeInteger(seq) && seq >= 1)) {
    refuse("seq", "a whole number from 1", seq);
  }
  const cell = text("cell", input.cell, MAX_CELL_LENGTH);
  if (cell === "") refuse("cell", "a name", cell);
  const policyName = input.policyName ?? null;
  return {
    id,
    seq,
    time: millisecond(input.time ?? Date.now()),
    cell,
    capability,
    operation,
    target: text("target", input.target ?? "", MAX_TARGET_LENGTH),
    policyRule,
    ruleDescription: note("ruleDescription", input.ruleDescription, MAX_DESCRIPTION_LENGTH),
    ruleOwner: note("ruleOwner", input.ruleOwner, MAX_OWNER_LENGTH),
    brokerDecision,
    kernelDecision,
    kernelEvidence,
    reason,
    nearestRule: nearestRuleOf(input),
    policyName: policyName === null ? null : text("policyName", policyName, MAX_POLICY_NAME_LENGTH),
    policyHash,
    enforced,
    explains,
  };
}

/** Passed over, a misspelt field would leave the event with the default, such as the rule `default`. */
function known(input: DenialInput): void {
  for (const key of Object.keys(input)) {
    if (Object.hasOwn(FIELDS, key)) continue;
    const near = didYouMean(key, FIELD_NAMES);
    const hint = near === undefined ? "" : `did you mean ${near}? `;
    throw new TypeError(
      `denialEvent knows no field ${quoted(key)}; ${hint}Fields are ${FIELD_NAMES.join(", ")}`,
    );
  }
}

// A record, so that one that is forgotten does not compile.
const FIELDS: Readonly<Record<keyof DenialInput, true>> = {
  id: true,
  seq: true,
  time: true,
  cell: true,
  capability: true,
  operation: true,
  target: true,
  policyRule: true,
  ruleDescription: true,
  ruleOwner: true,
  brokerDecision: true,
  kernelDecision: true,
  kernelEvidence: true,
  reason: true,
  nearestRule: true,
  policyName: true,
  policyHash: true,
  enforced: true,
  explains: true,
};
const FIELD_NAMES = Object.keys(FIELDS);

function nearestRuleOf(input: DenialInput): NearestRule | null {
  const given = input.nearestRule ?? null;
  if (given === null) return null;
  const { id, lacked } = given;
  matching("nearestRule.id", id, RULE_ID);
  oneOf("nearestRule.lacked", lacked, NEAREST_LACKS);
  return { id, lacked };
}

/** Rounds down to whole milliseconds, so that the event's JSON loses nothing. */
function millisecond(time: unknown): number {
  const whole = typeof time === "number" ? Math.floor(time) : Number.NaN;
  if (whole >= 0 && whole <= MAX_TIME) return whole;
  return refuse("time", "Unix milliseconds up to the year 9999", time);
}

function text(field: string, value: unknown, max: number): string {
  return typeof value === "string" ? cleanText(value, max) : refuse(field, "text", value);
}

/** An empty one says nothing. */
function note(field: string, value: unknown, max: number): string | null {
  return text(field, value ?? "", max) || null;
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
