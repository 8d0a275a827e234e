import { STATES } from "./semconv.ts";

/** An exporter has failed, and has not recovered since. */
export interface Failure {
  /** Unix milliseconds. */
  readonly since: number;
  readonly why: string;
}

/** Whether records and counts are delivered. The counters are exact in any state, and `/metrics` has them. */
export interface Health {
  /**
   * `exporting`: as far as is known, records and counts are delivered. `degraded`: an exporter fails and they wait, the spool fails, or records
   * were lost within the last minute. `blind`: an exporter has failed for a minute, or no logger wants denials.
   */
  readonly state: (typeof STATES)[number];
  /** Since when, Unix milliseconds. */
  readonly since: number;
  /** Why it is not `exporting`, or that it is switched off by OTEL_SDK_DISABLED; undefined while records are exported. */
  readonly why: string | undefined;
  /** Denials whose record is neither delivered nor lost yet. */
  readonly pending: number;
  /** Denials without a record, except where the configuration says so. */
  readonly lost: number;
  /**
   * Why a policy file that the service watches is not in force, and since when; undefined if it is. An older policy decides then.
   * Records and counts are delivered all the same, so it is not part of `state`.
   */
  readonly policy: Failure | undefined;
}

/** What {@link HealthMonitor} judges by. */
export interface Signs {
  /** Why no record will be emitted; undefined if one would be. */
  readonly deaf: string | undefined;
  /** The older failure of records' and counts' exporters. */
  readonly failing: Failure | undefined;
  /** The spool's: records are delivered, but would not outlive the process. */
  readonly spoolFailing: Failure | undefined;
  readonly pending: number;
  readonly lost: number;
  /** Why records were lost the last time, if that is known. */
  readonly lastLoss: string | undefined;
}

/** How long a loss counts as `degraded`, and a failure is not yet `blind`, milliseconds. */
const MINUTE = 60_000;

/** Decides a recorder's state, and remembers since when it has been in it. */
export class HealthMonitor {
  #state: Health["state"] = "exporting";
  #since = Date.now();
  #lost = 0;
  #lossAt = Number.NEGATIVE_INFINITY;

  /** @param now is Unix milliseconds. */
  read(signs: Signs, now = Date.now()): Omit<Health, "policy"> {
    const { pending, lost } = signs;
    if (lost > this.#lost) this.#lossAt = now;
    this.#lost = lost;
    const [state, why] = this.#judge(signs, now);
    if (state !== this.#state) this.#since = now;
    this.#state = state;
    const failure = [signs.failing, signs.spoolFailing].find((known) => known?.why === why);
    const since = failure?.since ?? this.#since;
    return { state, since, why, pending, lost };
  }

  #judge(
    { deaf, failing, spoolFailing, lastLoss }: Signs,
    now: number,
  ): [Health["state"], string | undefined] {
    if (deaf !== undefined) return ["blind", deaf];
    if (failing !== undefined) {
      return [now - failing.since < MINUTE ? "degraded" : "blind", failing.why];
    }
    if (spoolFailing !== undefined) return ["degraded", spoolFailing.why];
    // The absolute value: if the clock is set back, the loss does not stay recent for longer than a minute.
    if (Math.abs(now - this.#lossAt) < MINUTE) {
      const because = lastLoss === undefined ? "" : ` (${lastLoss})`;
      return ["degraded", `records were lost within the last minute${because}`];
    }
    return ["exporting", undefined];
  }
}

/** The older of two failures. */
export function longerOf(a: Failure | undefined, b: Failure | undefined): Failure | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.since < a.since ? b : a;
}

/** The worst of several states; `exporting` for none. */
export function worstState(states: readonly Health["state"][]): Health["state"] {
  return STATES[Math.max(0, ...states.map((state) => STATES.indexOf(state)))] ?? "exporting";
}

/** The health of several recorders as one: the worst state, and the sums of what is pending and lost. */
export function worstOf(all: readonly Health[]): Health | undefined {
  const state = worstState(all.map((health) => health.state));
  const worst = all.find((health) => health.state === state);
  if (worst === undefined) return undefined;
  const sum = (of: (health: Health) => number) => all.reduce((total, one) => total + of(one), 0);
  const policy = all.map((health) => health.policy).reduce(longerOf, undefined);
  return {
    ...worst,
    policy,
    pending: sum(({ pending }) => pending),
    lost: sum(({ lost }) => lost),
  };
}
