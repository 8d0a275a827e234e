import type { Capability, DenialSink, Policy, Verdict } from "@pyisolate/policy";

import type { Lookup } from "./names/lookup-queue.ts";

/** What the broker needs of the supervisor. */
export interface Authority {
  /** The policy in force. Read at each request, so that a reload holds from the next request on. */
  policy(): Policy;
  /** The policy that decides beside it without effect. Read at each request too. */
  shadow?(): Policy | undefined;
  readonly sink: DenialSink;
  /** The kernel layer's verdict for an operation that was not put to it. */
  kernelVerdict(capability: Capability): Verdict;
  /** Sources of the modules that the host supplies, by name. */
  readonly modules: ReadonlyMap<string, string>;
  readonly lookup: Lookup;
  /** Whether a guest is told in words why a request was refused. */
  readonly explainRefusals: boolean;
}
