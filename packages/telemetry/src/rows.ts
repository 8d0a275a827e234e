import {
  CAPABILITIES,
  DENIAL_REASONS,
  VERDICTS,
  type Capability,
  type DenialEvent,
} from "@pyisolate/policy";

import { ATTRIBUTES as A, OTHER } from "./semconv.ts";
import { newRow, type Row } from "./tally.ts";

/** The row of one combination of an event's closed dimensions and its rule. */
export interface EventRow extends Row {
  /** Whether it stands for rules that have no row of their own. */
  readonly folded: boolean;
}

/** The part of the budget that rules may not use: it is for combinations of closed values under the rule `_other`. */
const RESERVED_SHARE = 4;

/** What a rule may be called. `denialEvent` sees to it; an event made without it gets no label of its own. */
const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The rows of `pyisolate.denial.events`: resolved once for each combination, never more than `max` in the process' life
 * (the SDK's own limit holds per collection only). Past three quarters of the budget new rules fold into `_other`; the last
 * quarter is for closed values, of which a broker makes fewer combinations than the default leaves room for. Should even
 * that be used up, everything goes to one row that is all `_other`, so that every sum stays exact.
 */
export class EventRows {
  readonly #max: number;
  readonly #byRule = new Map<string, Map<number, EventRow>>();
  #lastEvent: DenialEvent | undefined;
  #lastRow: EventRow | undefined;
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Series so far. */
  get size(): number {
    return this.#size;
  }

  /** @throws TypeError where the event is not one. */
  find(event: DenialEvent): EventRow {
    const last = this.#lastEvent;
    // Repetition is what a flood is made of.
    if (last !== undefined && this.#lastRow !== undefined && sameDimensions(last, event)) {
      return this.#lastRow;
    }
    const closed = closedKey(event);
    const rule = event.policyRule;
    const row = this.#byRule.get(rule)?.get(closed) ?? this.#resolve(event, closed, rule);
    this.#lastEvent = event;
    this.#lastRow = row;
    return row;
  }

  #resolve(event: DenialEvent, closed: number, rule: string): EventRow {
    if (typeof rule !== "string") throw new TypeError("policyRule must be a string");
    const forRules = this.#max - Math.ceil(this.#max / RESERVED_SHARE);
    if (RULE_ID.test(rule) && this.#size < forRules) return this.#make(event, closed, rule, false);
    const other = this.#byRule.get(OTHER)?.get(closed);
    if (other !== undefined) return other;
    // One place is kept for the row of last resort.
    if (this.#size < this.#max - 1) return this.#make(event, closed, OTHER, rule !== OTHER);
    return this.#byRule.get(OTHER)?.get(LAST_RESORT) ?? this.#make(event, LAST_RESORT, OTHER, true);
  }

  #make(event: DenialEvent, closed: number, rule: string, folded: boolean): EventRow {
    const value = (own: string | boolean) => (closed === LAST_RESORT ? OTHER : own);
    const row: EventRow = {
      ...newRow("denialEvents", {
        [A.capability.name]: value(event.capability),
        [A.policyRule.name]: rule,
        [A.brokerDecision.name]: value(event.brokerDecision),
        [A.kernelDecision.name]: value(event.kernelDecision),
        [A.reason.name]: value(event.reason),
        [A.enforced.name]: value(event.enforced),
      }),
      folded,
    };
    const rows = this.#byRule.get(rule) ?? new Map<number, EventRow>();
    this.#byRule.set(rule, rows.set(closed, row));
    this.#size += 1;
    return row;
  }
}

const LAST_RESORT = -1;

const capabilityIndex = indexOf(CAPABILITIES);
const reasonIndex = indexOf(DENIAL_REASONS);
const verdictIndex = indexOf(VERDICTS);

/** The index of a capability in {@link CAPABILITIES}. */
export function indexOfCapability(capability: Capability): number | undefined {
  return capabilityIndex.get(capability);
}

function sameDimensions(a: DenialEvent, b: DenialEvent): boolean {
  return (
    a.policyRule === b.policyRule &&
    a.capability === b.capability &&
    a.reason === b.reason &&
    a.brokerDecision === b.brokerDecision &&
    a.kernelDecision === b.kernelDecision &&
    a.enforced === b.enforced
  );
}

// Five closed sets in one small integer: a map of integers is six times faster than one of joined strings (measured).
function closedKey(event: DenialEvent): number {
  const capability = capabilityIndex.get(event.capability);
  const reason = reasonIndex.get(event.reason);
  const broker = verdictIndex.get(event.brokerDecision);
  const kernel = verdictIndex.get(event.kernelDecision);
  if (
    capability === undefined ||
    reason === undefined ||
    broker === undefined ||
    kernel === undefined ||
    typeof event.enforced !== "boolean"
  ) {
    throw new TypeError("not a denial event: a value is outside its closed set");
  }
  return (
    ((capability * DENIAL_REASONS.length + reason) * VERDICTS.length + broker) *
      (VERDICTS.length * 2) +
    kernel * 2 +
    (event.enforced ? 1 : 0)
  );
}

function indexOf(values: readonly string[]): ReadonlyMap<string, number> {
  return new Map(values.map((value, index) => [value, index]));
}
