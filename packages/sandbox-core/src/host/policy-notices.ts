import type { DenialSink, Policy } from "@pyisolate/policy";

import { tellWarnings } from "./policy-warnings.ts";

/** Most policies that are known to have been told. */
const MAX_TOLD = 10_000;

/** Tells the sink and the operator of policies that decide from now on. */
export class PolicyNotices {
  readonly #sink: DenialSink;
  readonly #told = new Set<string>();

  constructor(sink: DenialSink) {
    this.#sink = sink;
  }

  tell(policy: Policy): void {
    if (this.#told.size < MAX_TOLD) this.#told.add(policy.hash);
    tellWarnings(policy);
    this.#sink.policyLoaded?.(policy);
  }

  /** Does nothing for a policy that has been told before: many cells may have the same one. */
  tellOnce(policy: Policy): void {
    if (!this.#told.has(policy.hash)) this.tell(policy);
  }
}
