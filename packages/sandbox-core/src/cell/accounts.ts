import { type CallLimits, REMEMBERED_CALLS } from "../frames.ts";
import { type CallBudget, newCallBudget } from "./call-budget.ts";

/**
 * What the calls into this cell have used. The host keeps the same book (`host/calls.ts`) by the same rules, in the order of
 * the outcomes: a call in flight has an account of its own, so has each of the newest that have settled, and one account
 * serves all older ones, with the limits of the call that settled last.
 */
export class Accounts {
  readonly #inFlight = new Map<number, CallBudget>();
  readonly #settled = new Map<number, CallBudget>();
  readonly #rest = newCallBudget(0, { cpuMs: 1000, wallMs: 5000, outputBytes: 0 });

  begin(id: number, limits: CallLimits): CallBudget {
    const call = newCallBudget(id, limits);
    this.#inFlight.set(id, call);
    return call;
  }

  of(id: number): CallBudget {
    return this.#inFlight.get(id) ?? this.#settled.get(id) ?? this.#rest;
  }

  settle(id: number): void {
    const call = this.#inFlight.get(id);
    if (call === undefined) return;
    this.#inFlight.delete(id);
    this.#settled.set(id, call);
    const { cpuMs, wallMs, outputBytes } = call;
    Object.assign(this.#rest, { cpuMs, wallMs, outputBytes });
    const [oldest] = this.#settled.keys();
    if (this.#settled.size > REMEMBERED_CALLS && oldest !== undefined) this.#settled.delete(oldest);
  }
}
