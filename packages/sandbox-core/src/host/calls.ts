import type { Limits } from "@pyisolate/policy";

import { REMEMBERED_CALLS } from "../frames.ts";
import { type CallerContext, callerContext } from "./caller-context.ts";

/** Who called into a cell, and what the call has used up. */
export interface Account {
  readonly context: CallerContext;
  limits: Limits;
  requests: number;
  outputBytes: number;
  /** Set once the host has aborted the call, whose outcome is then this reason, whatever the cell says. */
  aborted: { readonly reason: unknown } | undefined;
}

/** One call into a cell. It is kept for a while after it settles. */
export interface Call extends Account {
  readonly id: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  timer: NodeJS.Timeout | undefined;
  /** CPU time that other calls may have used while this one was in flight, milliseconds. */
  othersCpuMs: number;
  /** CPU time of the process at the first sample during this call, milliseconds. */
  cpuAtFirstLook: number | undefined;
}

/** The calls into one cell, by id: those in flight, and the newest of those that have settled. */
export class Calls {
  readonly #inFlight = new Map<number, Call>();
  readonly #settled = new Map<number, Call>();
  readonly #rest: Account;
  #last = 0;

  /**
   * Make it in the async context of `spawn`: requests of forgotten calls get that context.
   *
   * @param limits Limits of the account that all forgotten calls share, until a call settles; from then on, the limits of the
   *   call that settled last.
   */
  constructor(limits: Limits) {
    this.#rest = {
      context: callerContext(),
      limits,
      requests: 0,
      outputBytes: 0,
      aborted: undefined,
    };
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
      resolve: (value) => {
        if (call.aborted === undefined) resolve(value);
        else reject(call.aborted.reason);
      },
      reject: (error) => reject(call.aborted === undefined ? error : call.aborted.reason),
      timer: undefined,
      aborted: undefined,
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

  /** How many calls have begun so far. */
  get begun(): number {
    return this.#last;
  }

  /** Whether the host has aborted a call that the cell has not ended yet. */
  get isAborting(): boolean {
    return [...this.#inFlight.values()].some(({ aborted }) => aborted !== undefined);
  }

  get inFlight(): ReadonlyMap<number, Call> {
    return this.#inFlight;
  }

  /** Looks up a call's account by the id in a message. Unknown ids share one account, so that forgotten calls are still limited. */
  account(id: number): Account {
    return this.#inFlight.get(id) ?? this.#settled.get(id) ?? this.#rest;
  }

  /** The account to name in a denial when the cell, and not one call, exceeds a limit: that of the newest call. */
  get newest(): Account {
    return [...this.#inFlight.values()].at(-1) ?? this.account(this.#last);
  }

  /** Takes a call out of flight. The caller of this method must settle it. */
  settle(id: number): Call | undefined {
    const call = this.#inFlight.get(id);
    if (call === undefined) return undefined;
    clearTimeout(call.timer);
    this.#inFlight.delete(id);
    this.#settled.set(id, call);
    // The cell keeps the same accounts: see `cell/call-accounts.ts`.
    this.#rest.limits = call.limits;
    if (this.#settled.size > REMEMBERED_CALLS) {
      const [oldest] = this.#settled.keys();
      if (oldest !== undefined) this.#settled.delete(oldest);
    }
    return call;
  }

  /** Takes all calls out of flight and returns them. */
  settleAll(): Call[] {
    return [...this.#inFlight.keys()]
      .map((id) => this.settle(id))
      .filter((call) => call !== undefined);
  }
}
