import { type CallLimits, REMEMBERED_CALLS } from "../frames.ts";
import { type CallBudget, newCallBudget } from "./call-budget.ts";

/**
 * What the calls into this cell have used. Each call in flight has an account, and so has each of the newest settled calls; all
 * older calls share one account, which has the limits of the call that settled last. The host keeps the same accounts by the same
 * rules (`host/calls.ts`), in the order of the outcomes, so both sides reach a limit at the same moment.
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

  isInFlight(id: number): boolean {
    return this.#inFlight.has(id);
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
