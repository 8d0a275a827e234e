import { defineEventAttribute, Event, EventTarget } from "event-target-shim";

import { setTimeout } from "#runtime";

import { outOfRange } from "./argument-errors.ts";
import { DOMException } from "./dom-exception.ts";
import { showAs } from "./show-as.ts";

/** Only this file makes a signal: the standard has no constructor that a program may call. */
const made = Symbol("made here");

const illegal = (): TypeError =>
  Object.assign(new TypeError("Illegal constructor"), { code: "ERR_ILLEGAL_CONSTRUCTOR" });

/** Says that something is no longer wanted, and why. */
export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  readonly #followers = new Set<AbortSignal>();

  constructor(key?: unknown) {
    super();
    if (key !== made) throw illegal();
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason: unknown = aborted()): AbortSignal {
    const signal = new AbortSignal(made);
    signal.#abort(reason);
    return signal;
  }

  static timeout(milliseconds: number): AbortSignal {
    const most = 0xffff_ffff;
    if (!(milliseconds >= 0 && milliseconds <= most))
      throw outOfRange("delay", `>= 0 && <= ${most}`, milliseconds);
    const signal = new AbortSignal(made);
    const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
    setTimeout(() => signal.#abort(reason), milliseconds);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const signal = new AbortSignal(made);
    const sources = [...signals];
    const first = sources.find((source) => source.#aborted);
    if (first !== undefined) signal.#abort(first.#reason);
    else for (const source of sources) source.#followers.add(signal);
    return signal;
  }

  static abortFrom(signal: AbortSignal, key: unknown, reason: unknown): void {
    if (key !== made) throw illegal();
    signal.#abort(reason);
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.dispatchEvent(new Event("abort"));
    for (const follower of this.#followers) follower.#abort(reason);
    this.#followers.clear();
  }

  get [Symbol.toStringTag](): string {
    return "AbortSignal";
  }
}
defineEventAttribute(AbortSignal.prototype, "abort");
showAs(AbortSignal, "AbortSignal", ({ aborted }) => ({ aborted }));
const abortSignal = AbortSignal.abortFrom;
Reflect.deleteProperty(AbortSignal, "abortFrom");

/** Makes a signal, and aborts it. */
export class AbortController {
  readonly #signal = new AbortSignal(made);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason: unknown = aborted()): void {
    abortSignal(this.#signal, made, reason);
  }

  get [Symbol.toStringTag](): string {
    return "AbortController";
  }
}

showAs(AbortController, "AbortController", ({ signal }) => ({ signal }));

function aborted(): DOMException {
  return new DOMException("This operation was aborted", "AbortError");
}
