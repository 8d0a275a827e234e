import { MAX_TARGET_LENGTH } from "@pyisolate/policy/events";
import type { DenialEvent } from "@pyisolate/policy";
import { isThenable } from "@pyisolate/policy/options";

import { cleanOnce } from "../clean-once.ts";
import { newSeries, type Series, type CounterBuffer } from "../metrics/counter-buffer.ts";
import { ATTRIBUTES as A, REDACTION_FAILURES, type RedactionFailure } from "../semconv.ts";
import { redactTarget } from "./redaction.ts";

/** The host's own rule. It is called with a target that the default redaction has redacted, and returns what may leave the process. */
export type Redact = (target: string, event: DenialEvent) => string;

/** A run longer than this is slow, milliseconds. A drain makes 512 records in one turn: they would hold up the host for seconds. */
const SLOW = 5;
/** Slow runs after which the rule is not called any more. */
const MAX_SLOW = 8;
/** After so many runs one slow run is forgiven: a garbage collection may fall into any run. */
const FORGIVEN_AFTER = 1000;

/** Redacts targets by the default rules, then by the host's own. If that fails, the record goes out without its target. */
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

  /** Every series of the metric. */
  get allSeries(): readonly Series[] {
    return [...this.#failures.values()];
  }

  /** The target as it may leave the process; undefined if the rule failed. Never throws. */
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
      // Without this an async rule's rejection would be unhandled, and end the process.
      if (isThenable(text)) Promise.resolve(text).catch(() => {});
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
