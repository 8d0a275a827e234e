import { CAPABILITIES, DENIAL_REASONS, VERDICTS, type DenialEvent } from "@pyisolate/policy";

import { ATTRIBUTES as A, OTHER } from "../semconv.ts";
import { newSeries, type Series } from "./series.ts";

/** The closed dimensions of an event: none of them is ever a guest's choice. */
type Dimensions = Pick<
  DenialEvent,
  "capability" | "reason" | "brokerDecision" | "kernelDecision" | "enforced"
>;

/** The series of one combination of a rule and an event's closed dimensions. */
export interface EventSeries extends Series {
  readonly dimensions: Dimensions;
  /** Whether it stands for rules that have no series of their own. */
  readonly folded: boolean;
  /** Dense, from 0, in the order in which a table made its series: what is kept for each of them can be an array. */
  readonly index: number;
}

/** The part of the budget that rules may not use: it is for combinations of closed values under the rule `_other`. */
const RESERVED_SHARE = 4;

/** How many of `max` series there are before a new rule becomes `_other`. */
export function roomForRules(max: number): number {
  return max - Math.ceil(max / RESERVED_SHARE);
}

/** What a rule may be called. `denialEvent` sees to it; an event made without it gets no label of its own. */
const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The rows of `pyisolate.denial.events`: resolved once for each combination, never more than `max` in the process' life
 * (the SDK's own limit holds per collection only). Past three quarters of the budget new rules fold into `_other`; the last
 * quarter is for closed values, of which a broker makes fewer combinations than the default leaves room for. Should even
 * that be used up, everything goes to one row that is all `_other`, so that every sum stays exact.
 */
export class EventSeriesTable {
  readonly #max: number;
  readonly #byRule = new Map<string, EventSeries[]>();
  #overflow: EventSeries | undefined;
  #lastRule: string | undefined;
  #lastSeries: EventSeries | undefined;
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Series so far. */
  get size(): number {
    return this.#size;
  }

  /** The row that is all `_other`: of what there is no place for, and of what is no event. */
  get overflow(): EventSeries {
    this.#overflow ??= this.#makeOverflow();
    return this.#overflow;
  }

  /** @throws TypeError where the event is not one. */
  find(event: DenialEvent): EventSeries {
    const rule = event.policyRule;
    const last = this.#lastSeries;
    // Repetition is what a flood is made of.
    if (last !== undefined && rule === this.#lastRule && isSeriesOf(last, event)) return last;
    const series = this.#known(rule, event) ?? this.#resolve(rule, event);
    // The row of last resort stands for many: it is the last one to ask for.
    if (series !== this.#overflow) {
      this.#lastRule = rule;
      this.#lastSeries = series;
    }
    return series;
  }

  // A rule has a handful of rows: comparing five interned strings is cheaper than hashing them.
  #known(rule: string, event: DenialEvent): EventSeries | undefined {
    const ofRule = this.#byRule.get(rule);
    if (ofRule === undefined) return undefined;
    for (const series of ofRule) if (isSeriesOf(series, event)) return series;
    return undefined;
  }

  #resolve(rule: string, event: DenialEvent): EventSeries {
    mustBeEvent(event);
    const forRules = roomForRules(this.#max);
    if (RULE_ID.test(rule) && this.#size < forRules) return this.#make(rule, event, false);
    const other = this.#known(OTHER, event);
    if (other !== undefined) return other;
    // One place is kept for the row of last resort.
    if (this.#size < this.#max - 1) return this.#make(OTHER, event, rule !== OTHER);
    return this.overflow;
  }

  #make(rule: string, event: DenialEvent, folded: boolean): EventSeries {
    const dimensions = dimensionsOf(event);
    const series = {
      ...newSeries("denialEvents", attributesOf(rule, dimensions)),
      dimensions,
      folded,
      index: this.#size,
    };
    const ofRule = this.#byRule.get(rule);
    if (ofRule === undefined) this.#byRule.set(rule, [series]);
    else ofRule.push(series);
    this.#size += 1;
    return series;
  }

  #makeOverflow(): EventSeries {
    const index = this.#size;
    this.#size += 1;
    const attributes = Object.keys(attributesOf(OTHER, ANY)).map((key) => [key, OTHER]);
    return {
      ...newSeries("denialEvents", Object.fromEntries(attributes) as Record<string, string>),
      dimensions: ANY,
      folded: true,
      index,
    };
  }
}

/** Of the row that has no dimensions; nobody compares them. */
const ANY: Dimensions = {
  capability: "control",
  reason: "malformed",
  brokerDecision: "not_evaluated",
  kernelDecision: "not_evaluated",
  enforced: true,
};

// A copy: a row is for ever, an event is not.
function dimensionsOf(event: DenialEvent): Dimensions {
  const { capability, reason, brokerDecision, kernelDecision, enforced } = event;
  return { capability, reason, brokerDecision, kernelDecision, enforced };
}

function isSeriesOf({ dimensions }: EventSeries, event: DenialEvent): boolean {
  return (
    dimensions.capability === event.capability &&
    dimensions.reason === event.reason &&
    dimensions.brokerDecision === event.brokerDecision &&
    dimensions.kernelDecision === event.kernelDecision &&
    dimensions.enforced === event.enforced
  );
}

function attributesOf(rule: string, dimensions: Dimensions) {
  return {
    [A.capability.name]: dimensions.capability,
    [A.policyRule.name]: rule,
    [A.brokerDecision.name]: dimensions.brokerDecision,
    [A.kernelDecision.name]: dimensions.kernelDecision,
    [A.reason.name]: dimensions.reason,
    [A.enforced.name]: dimensions.enforced,
  };
}

function mustBeEvent(event: DenialEvent): void {
  const holds =
    CAPABILITIES.includes(event.capability) &&
    DENIAL_REASONS.includes(event.reason) &&
    VERDICTS.includes(event.brokerDecision) &&
    VERDICTS.includes(event.kernelDecision) &&
    typeof event.enforced === "boolean" &&
    typeof event.policyRule === "string";
  if (!holds) throw new TypeError("not a denial event: a value is outside its closed set");
}
