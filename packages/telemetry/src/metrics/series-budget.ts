import { CAPABILITIES, DEFAULT_RULE, OPERATIONS } from "@pyisolate/policy/events";
import type { OwnCapabilities, Policy } from "@pyisolate/policy";
import { isRecord, mustBe, type OptionChecks, readOptions, whole } from "@pyisolate/policy/options";

import { knownCapabilities, OWN_CAPABILITIES } from "./capabilities.ts";
import {
  DECISIONS,
  DROP_REASONS,
  FOLDABLE,
  METRICS,
  REDACTION_FAILURES,
  STATES,
} from "../semconv.ts";
import { roomForRules } from "./event-series.ts";

/** The SDK's cardinality limit is set to one more (sdk/providers.ts): past it the SDK would fold, without counting what it folds. */
export const MAX_SERIES = 16_000;

export const DEFAULT_MAX_SERIES = 1000;

export const MAX_SERIES_CHECK = whole(2, MAX_SERIES);

/** One attribute of an instrument. */
export interface DimensionBudget {
  readonly attribute: string;
  /** How many values it can have; undefined if only the instrument's own bound holds. */
  readonly values: number | undefined;
  /** What decides the values. */
  readonly from: string;
}

/** How many series one instrument can have. */
export interface InstrumentBudget {
  readonly instrument: string;
  /** The most in the life of the process, however many cells and policies it sees. */
  readonly max: number;
  /** How many of those the policy can fill; undefined if that does not depend on the policy. */
  readonly needed: number | undefined;
  /** How many there can be before anything folds. */
  readonly room: number;
  /** The dimension that folds into `_other` past the room; undefined if none has to. */
  readonly folds: (typeof FOLDABLE)[number] | undefined;
  readonly dimensions: readonly DimensionBudget[];
}

/** What else {@link seriesBudget} depends on. */
export interface SeriesBudgetOptions {
  /** As for `createDenialRecorder`. */
  readonly maxSeries?: number;
  /** As for `createDenialRecorder`. */
  readonly capabilities?: OwnCapabilities;
  /** A shadow policy that runs beside it, whose verdicts have `enforced: false`. */
  readonly shadow?: Policy;
}

/**
 * The most series that each instrument of a recorder can ever have, and why: for a check before a policy is put to use. The
 * recorder keeps to `max` in any case.
 *
 * @throws TypeError if an option is unknown or out of its range.
 * @example
 * seriesBudget(policy).filter(({ needed = 0, room }) => needed > room); // instruments whose rules would fold
 */
export function seriesBudget(
  policy: Policy,
  options: SeriesBudgetOptions = {},
): readonly InstrumentBudget[] {
  const given = readOptions("seriesBudget", options, CHECKS);
  const { maxSeries = DEFAULT_MAX_SERIES, capabilities, shadow } = given;
  const series = new Set(seriesOf(policy));
  if (shadow !== undefined) for (const one of shadowSeriesOf(shadow)) series.add(one);
  return instrumentBudgets(series.size, maxSeries, knownCapabilities(capabilities).size);
}

const CHECKS: OptionChecks<SeriesBudgetOptions> = {
  maxSeries: MAX_SERIES_CHECK,
  capabilities: OWN_CAPABILITIES,
  shadow: mustBe(
    "a policy, as parsePolicy makes it",
    (value) => isRecord(value) && "rules" in value,
  ),
};

/** Every series of `pyisolate.denial.events` that a broker with this policy can cause, each as one text. */
export function seriesOf(policy: Policy): readonly string[] {
  const series = new Set<string>();
  const add = (capability: string, rule: string, broker: string, reason: string) => {
    for (const kernel of kernelVerdicts(capability, broker, reason)) {
      series.add([capability, rule, broker, kernel, reason, true].join(" "));
    }
  };
  for (const { id, capability, effect } of policy.rules) {
    if (effect === "deny") add(capability, id, "deny", "explicit_deny");
    else if (GOVERNED.has(capability)) {
      for (const reason of ["kernel", "stale"]) add(capability, id, "allow", reason);
    }
  }
  for (const capability of [...CAPABILITIES, ...Object.keys(policy.capabilities)]) {
    if (capability === "control" || capability === "limit") continue;
    for (const reason of ["no_rule", "wrong_operation", "outside_scope"]) {
      add(capability, DEFAULT_RULE, "deny", reason);
    }
    // The verdict of `decide` on a declared capability's target.
    if (Object.hasOwn(policy.capabilities, capability)) {
      add(capability, DEFAULT_RULE, "deny", "malformed");
    }
    for (const reason of ["malformed", "closed"]) {
      add(capability, DEFAULT_RULE, "not_evaluated", reason);
    }
    add(capability, DEFAULT_RULE, "unavailable", "unavailable");
  }
  for (const limit of OPERATIONS.limit) add("limit", `limit.${limit}`, "not_evaluated", "limit");
  add("control", "control.token", "deny", "auth");
  return [...series];
}

/** The same for a shadow policy. The kernel layer is not asked about its verdicts. */
function shadowSeriesOf(policy: Policy): readonly string[] {
  const denied = ["no_rule", "wrong_operation", "outside_scope"];
  const series = policy.rules.flatMap(({ id, capability, effect }) =>
    effect === "deny"
      ? [[capability, id, "deny", "explicit_deny"]]
      : // The shadow policy would allow what was denied; the event then has the denial's reason.
        [...denied, "explicit_deny"].map((reason) => [capability, id, "allow", reason]),
  );
  for (const capability of [...CAPABILITIES, ...Object.keys(policy.capabilities)]) {
    if (capability === "control" || capability === "limit") continue;
    for (const reason of denied) series.push([capability, DEFAULT_RULE, "deny", reason]);
  }
  return series.map((values) => [...values, "not_evaluated", false].join(" "));
}

/** The capabilities that the kernel layer governs. */
const GOVERNED: ReadonlySet<string> = new Set(["filesystem", "network", "subprocess"]);

/** What the kernel may have said to a request that was denied for this reason. */
function kernelVerdicts(capability: string, broker: string, reason: string): readonly string[] {
  if (broker === "allow") return ["deny"];
  // `not_evaluated` if the kernel was not asked, `unavailable` without its layer. It may have been asked about what the policy refused.
  const silent = ["not_evaluated", "unavailable"];
  const isAsked = broker === "deny" && GOVERNED.has(capability) && reason !== "auth";
  return isAsked ? ["allow", "deny", ...silent] : silent;
}

/**
 * @param events How many series of `pyisolate.denial.events` are needed.
 * @param capabilities How many have series of their own; the others share `_other`.
 */
export function instrumentBudgets(
  events: number,
  maxSeries: number,
  capabilities: number = CAPABILITIES.length,
): readonly InstrumentBudget[] {
  const closed = (key: keyof typeof METRICS, max: number): InstrumentBudget => ({
    instrument: METRICS[key].name,
    max,
    needed: max,
    room: max,
    folds: undefined,
    dimensions: METRICS[key].attributes.map(({ name, values }) => ({
      attribute: name,
      values: values?.length,
      from: CLOSED,
    })),
  });
  return [
    {
      instrument: METRICS.denials.name,
      max: maxSeries,
      needed: undefined,
      room: maxSeries - 1,
      folds: "cell",
      dimensions: [
        {
          attribute: METRICS.denials.attributes[0].name,
          values: undefined,
          from: "names that the host gives",
        },
      ],
    },
    {
      instrument: METRICS.denialEvents.name,
      max: maxSeries,
      needed: events,
      room: roomForRules(maxSeries),
      folds: "policy_rule",
      dimensions: METRICS.denialEvents.attributes.map(({ name, values }) => ({
        attribute: name,
        values: values?.length,
        from: values === undefined ? "rules of the policy, `default`, and limits" : CLOSED,
      })),
    },
    {
      ...closed("decisions", capabilities * DECISIONS.length),
      max: (capabilities + 1) * DECISIONS.length,
    },
    closed("records", DROP_REASONS.length + 2),
    closed("policyLoads", 1),
    closed("folded", FOLDABLE.length),
    closed("redactions", REDACTION_FAILURES.length),
    closed("queueSize", 1),
    closed("state", STATES.length),
    closed("spoolUsage", 1),
    closed("spoolLimit", 1),
  ];
}

const CLOSED = "a closed set";
