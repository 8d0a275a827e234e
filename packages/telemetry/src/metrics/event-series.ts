import type { Attributes } from "@opentelemetry/api";
import { DENIAL_REASONS, isCapabilityName, VERDICTS } from "@pyisolate/policy/events";
import type { DenialEvent } from "@pyisolate/policy";

import { knownCapabilities } from "./capabilities.ts";
import { recordMaker } from "./compact-record.ts";
import { RecentSeries } from "./recent-series.ts";
import { ATTRIBUTES as A, METRICS, OTHER } from "../semconv.ts";
import type { Series } from "./counter-buffer.ts";

/** An event's dimensions that are closed sets: a guest cannot choose their values. A capability that is not known is `_other`. */
type Dimensions = Pick<
  DenialEvent,
  "capability" | "reason" | "brokerDecision" | "kernelDecision" | "enforced"
>;

/** The series of one combination of a rule and an event's closed dimensions. One object without others in it: there are thousands. */
export class EventSeries implements Series, Dimensions {
  pending = 0;
  readonly attributes: Attributes;
  readonly capability: Dimensions["capability"];
  readonly reason: Dimensions["reason"];
  readonly brokerDecision: Dimensions["brokerDecision"];
  readonly kernelDecision: Dimensions["kernelDecision"];
  readonly enforced: boolean;
  /** Whether it stands for rules that have no series of their own. */
  readonly folded: boolean;
  /** Dense, from 0, in the order in which a table made its series: what is kept for each of them can be an array. */
  readonly index: number;
  /** The rule's series that was made after this one. */
  next: EventSeries | undefined;

  // Copy the dimensions: a series lives as long as the process, and would keep the event alive.
  constructor(attributes: Attributes, dimensions: Dimensions, folded: boolean, index: number) {
    this.attributes = attributes;
    this.capability = dimensions.capability;
    this.reason = dimensions.reason;
    this.brokerDecision = dimensions.brokerDecision;
    this.kernelDecision = dimensions.kernelDecision;
    this.enforced = dimensions.enforced;
    this.folded = folded;
    this.index = index;
  }

  get counter(): "denialEvents" {
    return "denialEvents";
  }

  /** Whether it stands for capabilities that have no series of their own. */
  get isOfOthers(): boolean {
    return this.capability === OTHER;
  }

  is(event: Dimensions): boolean {
    return (
      this.capability === event.capability &&
      this.reason === event.reason &&
      this.brokerDecision === event.brokerDecision &&
      this.kernelDecision === event.kernelDecision &&
      this.enforced === event.enforced
    );
  }
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
  /** By rule, the first of its series. */
  readonly #byRule = new Map<string, EventSeries>();
  #overflow: EventSeries | undefined;
  readonly #recent = new RecentSeries<EventSeries>();
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
    const recent = this.#recent.of(rule);
    if (recent !== undefined && recent.is(event)) return recent;
    const series = this.#known(rule, event) ?? this.#resolve(rule, this.#labels(event));
    // Do not keep the overflow series: it has events of all kinds, so a comparison with it says nothing.
    if (series !== this.#overflow) this.#recent.keep(rule, series);
    return series;
  }

  /** The event's dimensions as labels. @throws TypeError if it is not a denial event. */
  #labels(event: DenialEvent): Dimensions {
    mustBeEvent(event);
    const { reason, brokerDecision, kernelDecision, enforced } = event;
    const capability = this.#capabilities.has(event.capability) ? event.capability : OTHER;
    return { capability, reason, brokerDecision, kernelDecision, enforced };
  }

  // A rule has a handful of series: comparing five interned strings is cheaper than hashing them.
  #known(rule: string, event: Dimensions): EventSeries | undefined {
    let series = this.#byRule.get(rule);
    while (series !== undefined && !series.is(event)) series = series.next;
    return series;
  }

  #resolve(rule: string, event: Dimensions): EventSeries {
    // Look up once more: the first look-up used the capability's own name, which has no series.
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
    const series = new EventSeries(attributesOf(rule, dimensions), dimensions, folded, this.#size);
    this.#size += 1;
    let last = this.#byRule.get(rule);
    if (last === undefined) {
      this.#byRule.set(rule, series);
      return series;
    }
    while (last.next !== undefined) last = last.next;
    last.next = series;
    return series;
  }

  #makeOverflow(): EventSeries {
    const index = this.#size;
    this.#size += 1;
    const attributes = Object.keys(attributesOf(OTHER, ANY)).map((key) => [key, OTHER]);
    return new EventSeries(Object.fromEntries(attributes) as Attributes, ANY, true, index);
  }
}

/** The overflow series' dimensions. They are never compared: it is not among the series of a rule. */
const ANY: Dimensions = {
  capability: OTHER,
  reason: "malformed",
  brokerDecision: "not_evaluated",
  kernelDecision: "not_evaluated",
  enforced: true,
};

const newAttributes = recordMaker<string, string | boolean>(
  METRICS.denialEvents.attributes.map(({ name }) => name),
  "",
);

function attributesOf(rule: string, dimensions: Dimensions): Attributes {
  const attributes = newAttributes();
  attributes[A.capability.name] = dimensions.capability;
  attributes[A.policyRule.name] = rule;
  attributes[A.brokerDecision.name] = dimensions.brokerDecision;
  attributes[A.kernelDecision.name] = dimensions.kernelDecision;
  attributes[A.reason.name] = dimensions.reason;
  attributes[A.enforced.name] = dimensions.enforced;
  return attributes;
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
