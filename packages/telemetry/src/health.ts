import { STATES } from "./semconv.ts";

/** Records or counts do not get out. */
export interface Failure {
  /** Unix milliseconds. */
  readonly since: number;
  readonly why: string;
}

/** Whether records and counts reach anybody. Counters are exact all the same, and `/metrics` has them. */
export interface Health {
  /**
   * `exporting`: as far as is known, records and counts arrive. `degraded`: they do not at the moment and wait, or some records
   * were lost within the last minute. `blind`: none arrives, and has not for a minute, or nobody wants any.
   */
  readonly state: (typeof STATES)[number];
  /** Since when, Unix milliseconds. */
  readonly since: number;
  /** Undefined while all is well. */
  readonly why: string | undefined;
  /** Denials of whose record it is not yet known what became. */
  readonly pending: number;
  /** Denials without a record, other than by configuration. */
  readonly lost: number;
}

/** What {@link HealthMonitor} judges by. */
export interface Signs {
  /** Why no record will ever be emitted; undefined where one would be. */
  readonly deaf: string | undefined;
  /** Whichever fails longer, records or counts. */
  readonly failing: Failure | undefined;
  readonly pending: number;
  readonly lost: number;
}

/** How long a loss is news, and how long a failure is not yet blindness, milliseconds. */
const MINUTE = 60_000;

/** Remembers since when things are as they are. */
export class HealthMonitor {
  #state: Health["state"] = "exporting";
  #since = Date.now();
  #lost = 0;
  #lossAt = Number.NEGATIVE_INFINITY;

  /** @param now is Unix milliseconds. */
  read({ deaf, failing, pending, lost }: Signs, now = Date.now()): Health {
    if (lost > this.#lost) this.#lossAt = now;
    this.#lost = lost;
    const [state, why] = this.#judge(deaf, failing, now);
    if (state !== this.#state) this.#since = now;
    this.#state = state;
    const since = why !== undefined && why === failing?.why ? failing.since : this.#since;
    return { state, since, why, pending, lost };
  }

  #judge(
    deaf: string | undefined,
    failing: Failure | undefined,
    now: number,
  ): [Health["state"], string | undefined] {
    if (deaf !== undefined) return ["blind", deaf];
    if (failing !== undefined) {
      return [now - failing.since < MINUTE ? "degraded" : "blind", failing.why];
    }
    // A clock that has been set back ends it, too.
    if (Math.abs(now - this.#lossAt) < MINUTE)
      return ["degraded", "records were lost within the last minute"];
    return ["exporting", undefined];
  }
}

/** Of two failures the one that is the older. */
export function longerOf(a: Failure | undefined, b: Failure | undefined): Failure | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.since < a.since ? b : a;
}

/** The worst of several, `exporting` of none. */
export function worstState(states: readonly Health["state"][]): Health["state"] {
  return STATES[Math.max(0, ...states.map((state) => STATES.indexOf(state)))] ?? "exporting";
}

/** The health of several recorders as one: the worst state, all that is pending, all that is lost. */
export function worstOf(all: readonly Health[]): Health | undefined {
  const state = worstState(all.map((health) => health.state));
  const worst = all.find((health) => health.state === state);
  if (worst === undefined) return undefined;
  const sum = (of: (health: Health) => number) => all.reduce((total, one) => total + of(one), 0);
  return { ...worst, pending: sum(({ pending }) => pending), lost: sum(({ lost }) => lost) };
}
