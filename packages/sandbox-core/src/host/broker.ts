import {
  cleanText,
  canonicalHost,
  type Capability,
  decide,
  type Decision,
  DEFAULT_RULE,
  type DenialEvent,
  denialEvent,
  type DenialSink,
  MAX_TARGET_LENGTH,
  type Operation,
  type Policy,
  type Verdict,
} from "@pyisolate/policy";

import type { WireVerdict } from "../frames.ts";
import { DenialTail } from "./denials.ts";
import { type Lookup, Resolver } from "./resolve.ts";
import type { GuardRequest } from "./wire.ts";

/** Most denials of one cell that `denialEvents()` keeps. */
const CELL_TAIL = 256;

/** What the broker needs of the supervisor. */
export interface Authority {
  /** Asked at each request: a reload is in force from the next one on. */
  policy(): Policy;
  readonly sink: DenialSink;
  /** The kernel layer's verdict where nothing was put to it. */
  kernelVerdict(capability: Capability): Verdict;
  /** Sources of the modules that the host supplies. */
  readonly modules: ReadonlyMap<string, string>;
  readonly lookup: Lookup;
}

/** The fields in which one denial differs from another of the same cell. */
interface Denial {
  readonly capability: Capability;
  readonly operation: Operation;
  readonly target: string;
  readonly decision?: Extract<Decision, { effect: "deny" }>;
  readonly rule?: string;
  readonly reason?: DenialEvent["reason"];
  readonly broker?: Verdict;
}

/** Decides one cell's requests, and makes an event of each denial. */
export class Broker {
  readonly tail = new DenialTail(CELL_TAIL);
  readonly #cell: string;
  readonly #instance: string;
  readonly #authority: Authority;
  readonly #resolver: Resolver;
  #hasEnded = false;

  constructor(cell: string, instance: string, authority: Authority) {
    this.#resolver = new Resolver(authority.lookup);
    this.#cell = cell;
    this.#instance = instance;
    this.#authority = authority;
  }

  /** The verdict on a request. Network requests take longer, since a name must be resolved: see {@link decideLater}. */
  decide(request: GuardRequest): WireVerdict {
    const policy = this.#authority.policy();
    if (request.malformed !== null) return this.#refuse({ ...this.#asked(request), reason: "malformed", broker: "not_evaluated" });
    const asked = this.#asked(request);
    const decision = decide(policy, asked);
    if (decision.effect === "deny") return this.#refuse({ ...asked, decision });
    this.#allow(asked.capability);
    return asked.capability === "import" ? { ok: true, source: this.#authority.modules.get(asked.target) ?? null } : { ok: true };
  }

  async decideLater(request: GuardRequest): Promise<WireVerdict> {
    if (request.capability !== "network" || request.malformed !== null) return this.decide(request);
    const asked = this.#asked(request);
    const before = this.#authority.policy();
    const decision = decide(before, asked);
    if (decision.effect === "deny") return this.#refuse({ ...asked, decision });
    const resolution = await this.#resolver.resolve(() => this.#authority.policy(), asked.target);
    // No denial follows a cell's end.
    if (this.#hasEnded) return { ok: false, capability: "network", reason: "closed", id: "" };
    // Looking up takes its time: a policy that was put in force meanwhile holds for the name too.
    const now = this.#authority.policy();
    const again = now === before ? decision : decide(now, asked);
    if (again.effect === "deny") return this.#refuse({ ...asked, decision: again });
    switch (resolution.kind) {
      case "granted":
        this.#allow("network");
        return { ok: true, addresses: resolution.addresses };
      case "unresolved":
        // The policy said yes; that there is no such name is the operation's own failure.
        this.#allow("network");
        return { ok: true, addresses: [], unresolved: resolution.code };
      case "refused":
        return this.#refuse({ ...asked, target: resolution.target, decision: resolution.decision });
    }
  }

  /** Records a denial that no guard asked for: a limit, a dead cell. */
  deny(denial: Denial): DenialEvent {
    const { capability, decision } = denial;
    const policy = this.#authority.policy();
    const seq = this.tail.denials + 1;
    const event = denialEvent({
      id: `${this.#instance}-${seq}`,
      seq,
      cell: this.#cell,
      capability,
      operation: denial.operation,
      target: denial.target,
      policyRule: decision?.rule ?? denial.rule ?? DEFAULT_RULE,
      brokerDecision: denial.broker ?? "deny",
      kernelDecision: this.#authority.kernelVerdict(capability),
      reason: decision?.reason ?? denial.reason ?? "no_rule",
      nearestRule: decision?.nearestRule ?? null,
      policyName: policy.name,
      policyHash: policy.hash,
    });
    this.tail.add(event);
    this.#authority.sink.record(event);
    return event;
  }

  /** The cell has ended: what is still being looked up for it is decided no more. */
  end(): void {
    this.#hasEnded = true;
  }

  #refuse(denial: Denial): WireVerdict {
    const { id, capability, reason } = this.deny(denial);
    return { ok: false, capability, reason, id };
  }

  #allow(capability: Capability): void {
    this.tail.allow();
    this.#authority.sink.allowed?.(capability);
  }

  /** The request in the policy's spelling: one host has one name. */
  #asked(request: GuardRequest): { capability: Capability; operation: Operation; target: string } {
    const { capability, operation, target } = request;
    return {
      capability,
      operation: operation as Operation,
      target: capability === "network" ? canonicalTarget(target) : target,
    };
  }
}

function canonicalTarget(target: string): string {
  const cut = target.lastIndexOf(":");
  const host = cut === -1 ? null : canonicalHost(target.slice(0, cut));
  return host === null ? target : `${host}${target.slice(cut)}`;
}

/** A target for a denial that has none of its own: what the guest was about to do. */
export function attempted(request: GuardRequest): string {
  return cleanText(`${request.capability} ${request.operation}:${request.target}`, MAX_TARGET_LENGTH);
}
