import { MAX_TARGET_LENGTH, type DenialEvent } from "@pyisolate/policy";

import { cleanOnce } from "../clean-once.ts";
import { redactTarget } from "./redaction.ts";
import { ATTRIBUTES as A, REDACTION_FAILURES, type RedactionFailure } from "../semconv.ts";
import { newSeries, type Series, type CounterBuffer } from "../metrics/series.ts";

/** A rule of the host's own: gets a target that has been redacted already, and gives what may leave the process. */
export type Redact = (target: string, event: DenialEvent) => string;

/** A run longer than this is slow, milliseconds: 512 of them at once would hold the host up for seconds. */
const SLOW = 5;
/** Slow runs after which a rule is not asked any more. */
const MAX_SLOW = 8;
/** Runs in which one slow run is forgiven: a collection of garbage may fall into any. */
const FORGIVEN_AFTER = 1000;

/** Makes targets fit to leave the process. A rule that fails costs the target and nothing else. */
export class CustomRedaction {
  readonly #rule: Redact | undefined;
  readonly #counters: CounterBuffer;
  readonly #failures: ReadonlyMap<RedactionFailure, Series>;
  #slow = 0;
  #runs = 0;

  constructor(rule: Redact | undefined, counters: CounterBuffer) {
    this.#rule = rule;
    this.#counters = counters;
    this.#failures = new Map(
      REDACTION_FAILURES.map((failure) => [failure, failureSeries(failure)]),
    );
  }

  /** Every row of the metric. */
  get allSeries(): readonly Series[] {
    return [...this.#failures.values()];
  }

  /** The target as it may leave the process; undefined where that is not known. Never throws. */
  readonly target = (event: DenialEvent): string | undefined => {
    try {
      const target = redactTarget(event);
      return target === "" || this.#rule === undefined
        ? target
        : this.#own(this.#rule, target, event);
    } catch {
      return this.#fail("threw");
    }
  };

  #own(rule: Redact, target: string, event: DenialEvent): string | undefined {
    if (this.#slow >= MAX_SLOW) return this.#fail("switched_off");
    const start = performance.now();
    let text: unknown;
    try {
      text = rule(target, event);
    } finally {
      this.#slow += performance.now() - start > SLOW ? 1 : 0;
    }
    const isSlow = performance.now() - start > SLOW;
    this.#runs += 1;
    if (this.#runs % FORGIVEN_AFTER === 0 && this.#slow > 0) this.#slow -= 1;
    if (typeof text !== "string") {
      // An async rule that rejects would end the process.
      if (text instanceof Promise) text.catch(() => {});
      return this.#fail("not_text");
    }
    if (isSlow) return this.#fail("slow");
    return cleanOnce(text, MAX_TARGET_LENGTH);
  }

  #fail(failure: RedactionFailure): undefined {
    const series = this.#failures.get(failure);
    if (series !== undefined) this.#counters.count(series);
    return undefined;
  }
}

function failureSeries(failure: RedactionFailure): Series {
  return newSeries("redactions", { [A.redactionFailure.name]: failure });
}
