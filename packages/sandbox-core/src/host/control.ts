import {
  denialEvent,
  type DenialSink,
  explainer,
  type Policy,
  PolicyAuthError,
} from "@pyisolate/policy";

import { ControlToken } from "./control-token.ts";

/** The cell name in denials of control operations, which no guest asks for. */
const CONTROL_CELL = "supervisor";

/** Lets the operations through that have the token, and records the others as denials of `control`. */
export class Control {
  readonly #token: ControlToken;
  readonly #policy: () => Policy;
  readonly #sink: DenialSink;

  /** @param policy Gives the policy in force, which the records name. */
  constructor(token: string | undefined, policy: () => Policy, sink: DenialSink) {
    this.#token = new ControlToken(token);
    this.#policy = policy;
    this.#sink = sink;
  }

  /** @throws PolicyAuthError for a wrong token, which is recorded. */
  demand(token: string): void {
    if (this.#token.matches(token)) return;
    const policy = this.#policy();
    const event = denialEvent({
      cell: CONTROL_CELL,
      capability: "control",
      operation: "reload_policy",
      policyRule: "control.token",
      reason: "auth",
      brokerDecision: "deny",
      policyName: policy.name,
      policyHash: policy.hash,
      explains: explainer(policy),
    });
    this.#sink.record(event);
    throw new PolicyAuthError(event);
  }
}
