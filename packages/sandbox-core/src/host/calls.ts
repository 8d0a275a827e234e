import type { Limits } from "@pyisolate/policy";

import { type CallerContext, callerContext } from "./caller-context.ts";

/** Settled calls that are remembered, for what they left behind in the cell: timers, promises nobody awaited. */
const REMEMBERED = 64;

/** One call into a cell: who called, what it may use up, and who waits for it. */
export interface Call {
  readonly id: number;
  readonly context: CallerContext;
  readonly limits: Limits;
  requests: number;
  outputBytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  timer: NodeJS.Timeout | undefined;
}

/** The calls into one cell, by id: those in flight, and the newest of those that have settled. */
export class Calls {
  readonly #inFlight = new Map<number, Call>();
  readonly #settled = new Map<number, Call>();
  #last = 0;

  /** Begins a call in the caller's async context. */
  begin(limits: Limits, onWall: (call: Call) => void): { readonly call: Call; readonly promise: Promise<unknown> } {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const call: Call = { id: ++this.#last, context: callerContext(), limits, requests: 0, outputBytes: 0, resolve, reject, timer: undefined };
    call.timer = setTimeout(() => onWall(call), limits.wallMs);
    this.#inFlight.set(call.id, call);
    return { call, promise };
  }

  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  inFlight(id: number): Call | undefined {
    return this.#inFlight.get(id);
  }

  /** The call that a request belongs to; for one that is long forgotten, the newest. */
  find(id: number): Call | undefined {
    return this.#inFlight.get(id) ?? this.#settled.get(id) ?? this.#inFlight.get(this.#last) ?? this.#settled.get(this.#last);
  }

  /** Takes a call out of flight; whoever takes it settles it. */
  settle(id: number): Call | undefined {
    const call = this.#inFlight.get(id);
    if (call === undefined) return undefined;
    clearTimeout(call.timer);
    this.#inFlight.delete(id);
    this.#settled.set(id, call);
    if (this.#settled.size > REMEMBERED) {
      const [oldest] = this.#settled.keys();
      if (oldest !== undefined) this.#settled.delete(oldest);
    }
    return call;
  }

  /** All that are in flight, none of them any more. */
  settleAll(): Call[] {
    return [...this.#inFlight.keys()].map((id) => this.settle(id)).filter((call) => call !== undefined);
  }
}
