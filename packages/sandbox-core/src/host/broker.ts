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

import type { KernelProbe, KernelRefusal, WireVerdict } from "../frames.ts";
import type { KernelWord } from "../kernel/evidence.ts";
import type { CellKernel } from "./cell-kernel.ts";
import { DenialLog } from "./denial-log.ts";
import type { Lookup } from "./names/lookup-queue.ts";
import { Resolver } from "./names/resolve.ts";
import type { GuardRequest } from "./channel/wire.ts";

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
  /** What the kernel's layer says to it; null where it was not asked. Called when the verdict has gone out. */
  readonly kernel?: () => KernelWord | null;
}

/** A request in the policy's words. */
type Asked = Pick<Denial, "capability" | "operation" | "target">;

/** Takes a verdict to the cell. */
export type Answer = (verdict: WireVerdict) => void;

/** Decides one cell's requests, and makes an event of each denial. */
export class Broker {
  readonly tail = new DenialLog(CELL_TAIL);
  readonly #cell: string;
  readonly #instance: string;
  readonly #authority: Authority;
  readonly #kernel: CellKernel;
  readonly #resolver: Resolver;
  /** Names of the modules whose source this cell has been sent. */
  readonly #sent = new Set<string>();
  #hasEnded = false;

  constructor(cell: string, instance: string, authority: Authority, kernel: CellKernel) {
    this.#kernel = kernel;
    this.#resolver = new Resolver(authority.lookup);
    this.#cell = cell;
    this.#instance = instance;
    this.#authority = authority;
  }

  /**
   * Decides a request. The answer goes out before the denial is recorded, so that the guest's thread does not wait for what
   * the operator wants to know. Network requests take longer, since a name must be resolved: see {@link decideLater}.
   */
  decide(request: GuardRequest, answer: Answer): void {
    const asked = this.#asked(request);
    if (request.malformed !== null) {
      this.deny({ ...asked, reason: "malformed", broker: "not_evaluated" }, answer);
      return;
    }
    const decision = decide(this.#authority.policy(), asked);
    if (request.refused !== null) this.#refused(asked, request.refused, decision, answer);
    else if (decision.effect === "deny") this.#deny(asked, decision, request.probed, answer);
    else if (asked.capability !== "import") this.#allow(asked.capability, { ok: true }, answer);
    else this.#allow("import", this.#module(asked.target), answer);
  }

  async decideLater(request: GuardRequest, answer: Answer): Promise<void> {
    const { capability, malformed, refused } = request;
    if (capability !== "network" || malformed !== null || refused !== null) {
      this.decide(request, answer);
      return;
    }
    const asked = this.#asked(request);
    const before = this.#authority.policy();
    const decision = decide(before, asked);
    if (decision.effect === "deny") {
      this.#deny(asked, decision, null, answer);
      return;
    }
    const resolution = await this.#resolver.resolve(() => this.#authority.policy(), asked.target);
    // No denial follows a cell's end.
    if (this.#hasEnded) return;
    // Looking up takes its time: a policy that was put in force meanwhile holds for the name too.
    const now = this.#authority.policy();
    const again = now === before ? decision : decide(now, asked);
    if (again.effect === "deny") {
      this.#deny(asked, again, null, answer);
      return;
    }
    switch (resolution.kind) {
      case "granted":
        this.#allow("network", { ok: true, addresses: resolution.addresses }, answer);
        break;
      case "unresolved":
        // The policy said yes; that there is no such name is the operation's own failure.
        this.#allow("network", { ok: true, addresses: [], unresolved: resolution.code }, answer);
        break;
      case "refused":
        this.#deny({ ...asked, target: resolution.target }, resolution.decision, null, answer);
        break;
    }
  }

  /** Records a denial, after the answer to the guest; a limit that ends the cell has no request to answer. */
  deny(denial: Denial, answer?: Answer): DenialEvent {
    const { capability, decision } = denial;
    const policy = this.#authority.policy();
    const seq = this.tail.denials + 1;
    const id = `${this.#instance}-${seq}`;
    const reason = decision?.reason ?? denial.reason ?? "no_rule";
    answer?.({ ok: false, capability, reason, id });
    const word = denial.kernel?.() ?? null;
    const event = denialEvent({
      id,
      seq,
      cell: this.#cell,
      capability,
      operation: denial.operation,
      target: denial.target,
      policyRule: decision?.rule ?? denial.rule ?? DEFAULT_RULE,
      brokerDecision: denial.broker ?? "deny",
      kernelDecision: word?.verdict ?? this.#authority.kernelVerdict(capability),
      kernelEvidence: word?.verdict === "deny" ? word.evidence : null,
      reason,
      nearestRule: decision?.nearestRule ?? null,
      policyName: policy.name,
      policyHash: policy.hash,
    });
    this.tail.add(event);
    this.#authority.sink.record(event);
    return event;
  }

  /** The cell has ended: what is still being looked up for it is looked up, and decided, no more. */
  end(): void {
    this.#hasEnded = true;
    this.#resolver.end();
  }

  /** Refuses by the policy, with what the kernel says to it: whether the broker was the only barrier. */
  #deny(
    asked: Asked,
    decision: Extract<Decision, { effect: "deny" }>,
    probed: KernelProbe | null,
    answer: Answer,
  ): void {
    this.deny({ ...asked, decision, kernel: () => this.#kernel.word(asked, probed) }, answer);
  }

  /**
   * An operation that was allowed has failed, and the cell claims that the kernel refused it. A denial where that can be shown, and no
   * alarm where the cell is only stale; else the failure is the operation's own, which the guest is told.
   */
  #refused(asked: Asked, seen: KernelRefusal, decision: Decision, answer: Answer): void {
    const refusal = this.#kernel.refusal(asked, seen);
    if (refusal === null) {
      answer({ ok: true });
      return;
    }
    const kernel = (): KernelWord => ({ verdict: "deny", evidence: refusal.evidence });
    // The policy may have changed since the operation was allowed.
    if (decision.effect === "deny") this.deny({ ...asked, decision, kernel }, answer);
    else {
      const reason = refusal.isStale ? "stale" : "kernel";
      this.deny({ ...asked, rule: decision.rule, reason, broker: "allow", kernel }, answer);
    }
  }

  #allow(capability: Capability, verdict: WireVerdict, answer: Answer): void {
    answer(verdict);
    this.tail.allow();
    this.#authority.sink.allowed?.(capability);
  }

  /** A source is sent to a cell once: one that asks again and again would otherwise make the host write it each time. */
  #module(name: string): WireVerdict {
    if (this.#sent.has(name)) return { ok: true };
    const source = this.#authority.modules.get(name) ?? null;
    if (source !== null) this.#sent.add(name);
    return { ok: true, source };
  }

  /** The request in the policy's spelling: one host has one name. */
  #asked(request: GuardRequest): Asked {
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
  return cleanText(
    `${request.capability} ${request.operation}:${request.target}`,
    MAX_TARGET_LENGTH,
  );
}
