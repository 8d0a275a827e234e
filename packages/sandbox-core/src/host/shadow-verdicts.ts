import { decide, type Decision, type DenialEvent, denialEvent, explainer } from "@pyisolate/policy";

import { shown } from "./attempted-action.ts";
import type { Authority } from "./authority.ts";
import type { CanonicalRequest } from "./denial.ts";

/** How often a shadow policy would have decided otherwise than the policy in force. */
export interface ShadowTotals {
  /** Operations that were allowed and that it would deny. */
  readonly wouldDeny: number;
  /** Operations that were denied and that it would allow. */
  readonly wouldAllow: number;
}

/** Counts the differences between a shadow policy and the one in force. */
export class ShadowCount {
  #wouldDeny = 0;
  #wouldAllow = 0;

  /** @param event Of a shadow policy's verdict. */
  add({ brokerDecision }: Pick<DenialEvent, "brokerDecision">): void {
    if (brokerDecision === "allow") this.#wouldAllow += 1;
    else this.#wouldDeny += 1;
  }

  get totals(): ShadowTotals {
    return { wouldDeny: this.#wouldDeny, wouldAllow: this.#wouldAllow };
  }

  get all(): number {
    return this.#wouldDeny + this.#wouldAllow;
  }
}

/** What the policy in force has decided. */
type Enforced =
  | Pick<Extract<Decision, { effect: "allow" }>, "effect">
  | Extract<Decision, { effect: "deny" }>;

/**
 * Decides what the policy in force has decided again, by a shadow policy, and makes an event of each difference. It has no effect on
 * the guest: it runs after the answer, numbers its events by itself, and whatever fails in it is passed over.
 */
export class ShadowVerdicts {
  readonly #cell: string;
  readonly #instance: string;
  readonly #authority: Pick<Authority, "shadow" | "sink">;
  readonly #count = new ShadowCount();

  /** @param instance Names the cell's life in the ids of its denials. */
  constructor(cell: string, instance: string, authority: Pick<Authority, "shadow" | "sink">) {
    this.#cell = cell;
    this.#instance = instance;
    this.#authority = authority;
  }

  get totals(): ShadowTotals {
    return this.#count.totals;
  }

  compare(asked: CanonicalRequest, enforced: Enforced): void {
    const shadow = this.#authority.shadow?.();
    if (shadow === undefined) return;
    const verdict = decide(shadow, asked);
    if (verdict.effect === enforced.effect) return;
    this.#count.add({ brokerDecision: verdict.effect });
    const seq = this.#count.all;
    try {
      this.#authority.sink.record(
        denialEvent({
          // Number these apart from the denials. A guest sees the ids of its denials, and a gap would tell it of the shadow policy.
          id: `${this.#instance}-shadow-${seq}`,
          seq,
          cell: this.#cell,
          capability: asked.capability,
          operation: asked.operation,
          target: shown(asked),
          policyRule: verdict.rule,
          ruleDescription: verdict.description,
          ruleOwner: verdict.owner,
          brokerDecision: verdict.effect,
          // If the shadow policy would allow the request, the event names the reason of the real denial.
          reason: reasonOf(verdict) ?? reasonOf(enforced) ?? "no_rule",
          nearestRule: verdict.effect === "deny" ? (verdict.nearestRule ?? null) : null,
          policyName: shadow.name,
          policyHash: shadow.hash,
          explains: explainer(shadow),
          enforced: false,
        }),
      );
    } catch {
      // The totals have counted the verdict already; it only has no event.
    }
  }
}

function reasonOf(decision: Enforced) {
  return decision.effect === "deny" ? decision.reason : undefined;
}
