import { DENIAL_REASONS, isCapabilityName, VERDICTS } from "@pyisolate/policy/events";
import type { DenialEvent } from "@pyisolate/policy";

import { knownCapabilities } from "../capabilities.ts";
import { ATTRIBUTES as A, OTHER } from "../semconv.ts";
import { newSeries, type Series } from "./counter-buffer.ts";

/** An event's dimensions that are closed sets: a guest cannot choose their values. A capability that is not known is `_other`. */
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

/** One in this many series is not for rules: it is for combinations of closed values under the rule `_other`. */
const RESERVED_SHARE = 4;

/** How many of `max` series rules may use. Past them a new rule is counted as `_other`. */
export function roomForRules(max: number): number {
  return max - Math.ceil(max / RESERVED_SHARE);
}

/** What `denialEvent` accepts as a rule's id. A guard may make an event without it: another id is counted as `_other`. */
const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The series of `pyisolate.denial.events`: one for each combination of a rule and closed values, and never more than `max` in
 * the life of the process (the SDK's own limit is per collection). Past three quarters of the budget new rules fold into
 * `_other`. The last quarter is for closed values, of which a broker makes fewer combinations than the default leaves room
 * for. If even that is used up, events are counted in {@link overflow}, so that every sum stays exact.
 */
export class EventSeriesTable {
  readonly #max: number;
  readonly #capabilities: ReadonlySet<string>;
  readonly #byRule = new Map<string, EventSeries[]>();
  #overflow: EventSeries | undefined;
  #lastRule: string | undefined;
  #lastSeries: EventSeries | undefined;
  #size = 0;

  /** @param capabilities Those that have series of their own. */
  constructor(max: number, capabilities: ReadonlySet<string> = knownCapabilities()) {
    this.#max = max;
    this.#capabilities = capabilities;
  }

  /** Series so far. */
  get size(): number {
    return this.#size;
  }

  /** The series whose every dimension is `_other`: for events past the budget, and for values that are not denial events. */
  get overflow(): EventSeries {
    this.#overflow ??= this.#makeOverflow();
    return this.#overflow;
  }

  /** @throws TypeError if the event is not a denial event. */
  find(event: DenialEvent): EventSeries {
    const rule = event.policyRule;
    const last = this.#lastSeries;
    // A flood repeats one event: comparing with the last one saves the look-up.
    if (last !== undefined && rule === this.#lastRule && isSeriesOf(last, event)) return last;
    const series = this.#known(rule, event) ?? this.#resolve(rule, this.#labels(event));
    // Not remembered: events that differ share it, and each would have to be compared with it first.
    if (series !== this.#overflow) {
      this.#lastRule = rule;
      this.#lastSeries = series;
    }
    return series;
  }

  /** The event's dimensions as labels. @throws TypeError if it is not a denial event. */
  #labels(event: DenialEvent): Dimensions {
    mustBeEvent(event);
    const dimensions = dimensionsOf(event);
    return this.#capabilities.has(event.capability)
      ? dimensions
      : { ...dimensions, capability: OTHER };
  }

  // A rule has a handful of series: comparing five interned strings is cheaper than hashing them.
  #known(rule: string, event: Dimensions): EventSeries | undefined {
    const ofRule = this.#byRule.get(rule);
    if (ofRule === undefined) return undefined;
    for (const series of ofRule) if (isSeriesOf(series, event)) return series;
    return undefined;
  }

  #resolve(rule: string, event: Dimensions): EventSeries {
    // Of an event whose capability is not known the first look was in vain.
    const known = event.capability === OTHER ? this.#known(rule, event) : undefined;
    if (known !== undefined) return known;
    const forRules = roomForRules(this.#max);
    if (RULE_ID.test(rule) && this.#size < forRules) return this.#make(rule, event, false);
    const other = this.#known(OTHER, event);
    if (other !== undefined) return other;
    // The last place is kept for the overflow series.
    if (this.#size < this.#max - 1) return this.#make(OTHER, event, rule !== OTHER);
    return this.overflow;
  }

  #make(rule: string, dimensions: Dimensions, folded: boolean): EventSeries {
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

/** The overflow series' dimensions. They are never compared: it is not among the series of a rule. */
const ANY: Dimensions = {
  capability: "control",
  reason: "malformed",
  brokerDecision: "not_evaluated",
  kernelDecision: "not_evaluated",
  enforced: true,
};

// Copied: a series lives as long as the process, and would keep the event alive.
function dimensionsOf(event: DenialEvent): Dimensions {
  const { capability, reason, brokerDecision, kernelDecision, enforced } = event;
  return { capability, reason, brokerDecision, kernelDecision, enforced };
}

function isSeriesOf({ dimensions }: EventSeries, event: Dimensions): boolean {
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
    isCapabilityName(event.capability) &&
    DENIAL_REASONS.includes(event.reason) &&
    VERDICTS.includes(event.brokerDecision) &&
    VERDICTS.includes(event.kernelDecision) &&
    typeof event.enforced === "boolean" &&
    typeof event.policyRule === "string";
  if (!holds) throw new TypeError("not a denial event: a value is outside its closed set");
}
