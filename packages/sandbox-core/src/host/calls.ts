import type { Limits } from "@pyisolate/policy";

import { REMEMBERED_CALLS } from "../frames.ts";
import { type CallerContext, callerContext } from "./caller-context.ts";

/** Who called into a cell, and what the call has used up. */
export interface Account {
  readonly context: CallerContext;
  limits: Limits;
  requests: number;
  outputBytes: number;
}

/** One call into a cell, until it settles and for a while after. */
export interface Call extends Account {
  readonly id: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  timer: NodeJS.Timeout | undefined;
  /** CPU time that calls beside this one may have used meanwhile, milliseconds. */
  othersCpuMs: number;
  /** CPU time of the process when it was first looked at for this call, milliseconds. */
  cpuAtFirstLook: number | undefined;
}

/** The calls into one cell, by id: those in flight, and the newest of those that have settled. */
export class Calls {
  readonly #inFlight = new Map<number, Call>();
  readonly #settled = new Map<number, Call>();
  readonly #rest: Account;
  #last = 0;

  /**
   * Made in the async context of `spawn`, which then stands for calls that are forgotten.
   *
   * @param limits What all that forgotten calls left behind may use up together, until a call has settled; then its limits.
   */
  constructor(limits: Limits) {
    this.#rest = { context: callerContext(), limits, requests: 0, outputBytes: 0 };
  }

  /** Begins a call in the caller's async context. */
  begin(
    limits: Limits,
    onWall: (call: Call) => void,
  ): { readonly call: Call; readonly promise: Promise<unknown> } {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const call: Call = {
      id: ++this.#last,
      context: callerContext(),
      limits,
      requests: 0,
      outputBytes: 0,
      resolve,
      reject,
      timer: undefined,
      othersCpuMs: 0,
      cpuAtFirstLook: undefined,
    };
    for (const other of this.#inFlight.values()) {
      other.othersCpuMs += limits.cpuMs;
      call.othersCpuMs += other.limits.cpuMs;
    }
    call.timer = setTimeout(() => onWall(call), limits.wallMs);
    this.#inFlight.set(call.id, call);
    return { call, promise };
  }

  /** How many calls have ever begun. */
  get begun(): number {
    return this.#last;
  }

  get inFlight(): ReadonlyMap<number, Call> {
    return this.#inFlight;
  }

  /** The account of the call that a message says it belongs to; of none that is known, the one for all the rest. */
  account(id: number): Account {
    return this.#inFlight.get(id) ?? this.#settled.get(id) ?? this.#rest;
  }

  /** The account to name where a cell, and no one call, has gone too far: the newest. */
  get newest(): Account {
    return [...this.#inFlight.values()].at(-1) ?? this.account(this.#last);
  }

  /** Takes a call out of flight; the taker settles it. */
  settle(id: number): Call | undefined {
    const call = this.#inFlight.get(id);
    if (call === undefined) return undefined;
    clearTimeout(call.timer);
    this.#inFlight.delete(id);
    this.#settled.set(id, call);
    // The cell keeps the same book: see `cell/accounts.ts`.
    this.#rest.limits = call.limits;
    if (this.#settled.size > REMEMBERED_CALLS) {
      const [oldest] = this.#settled.keys();
      if (oldest !== undefined) this.#settled.delete(oldest);
    }
    return call;
  }

  /** All that are in flight, none of them any more. */
  settleAll(): Call[] {
    return [...this.#inFlight.keys()]
      .map((id) => this.settle(id))
      .filter((call) => call !== undefined);
  }
}
