import { isForEachCell, parsePolicy, type Policy, policyFor } from "@pyisolate/policy";

/** The supervisor's shadow policy, as it is loaded and bound to each cell. `ShadowVerdicts` decides by it. */
export class ShadowPolicy {
  #policy: Policy | undefined;

  /** @param given As {@link use}. */
  constructor(given: unknown) {
    this.use(given);
  }

  /** The shadow policy as it was loaded; undefined if there is none. */
  get policy(): Policy | undefined {
    return this.#policy;
  }

  /**
   * @param given A policy, any input of `parsePolicy`, or undefined for none.
   * @throws InvalidPolicyError if it does not load; the old one stays.
   */
  use(given: unknown): void {
    this.#policy = parsed(given);
  }

  /**
   * @param own The cell's own shadow policy, which takes the place of this one; undefined if it has none.
   * @returns Gives the policy that decides in the shadow for the cell, whichever it is at that time.
   * @throws InvalidPolicyError if the cell's own does not load.
   */
  of(cell: string, own: unknown): () => Policy | undefined {
    const given = parsed(own);
    let last: Policy | undefined;
    let bound: Policy | undefined;
    return () => {
      const policy = given ?? this.#policy;
      if (policy !== last) {
        bound = policy === undefined ? undefined : boundTo(policy, cell);
        last = policy;
      }
      return bound;
    };
  }
}

function parsed(given: unknown): Policy | undefined {
  return given === undefined ? undefined : parsePolicy(given);
}

/**
 * A name that cannot stand in the policy's paths must not refuse the cell, because a shadow policy has no effect. The policy then
 * stays unbound, and grants nothing by the paths that hold `${cell}`.
 */
function boundTo(policy: Policy, cell: string): Policy {
  if (!isForEachCell(policy)) return policy;
  try {
    return policyFor(policy, cell);
  } catch {
    return policy;
  }
}
