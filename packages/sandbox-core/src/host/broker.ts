import {
  type Capability,
  decide,
  type Decision,
  type DenialEvent,
  denialEvent,
  explainer,
  type Policy,
} from "@pyisolate/policy";

import { GRANTED, type KernelProbe, type KernelRefusal, type WireVerdict } from "../frames.ts";
import type { KernelWord } from "../kernel/evidence.ts";
import { askedBy, callOf, shown } from "./attempted-action.ts";
import type { Authority } from "./authority.ts";
import type { CellKernel } from "./cell-kernel.ts";
import { type CanonicalRequest, type Denial, inWords, ruleFields } from "./denial.ts";
import { DenialLog } from "./denial-log.ts";
import { ModuleGrants } from "./modules/module-grants.ts";
import { Resolver } from "./names/resolve-and-check.ts";
import type { GuardRequest } from "./channel/wire.ts";
import { ShadowVerdicts } from "./shadow-verdicts.ts";

/** Most denials of one cell that `denialEvents()` keeps. */
const CELL_TAIL = 256;

/** Sends a verdict to the cell. */
export type Answer = (verdict: WireVerdict) => void;

/** Sends a verdict on a request that may be an import; bytes are the body of a frame that grants a module. */
export type RequestAnswer = (verdict: WireVerdict | Uint8Array) => void;

/** Decides one cell's requests, and makes an event of each denial. */
export class Broker {
  readonly tail = new DenialLog(CELL_TAIL);
  /** Compares each verdict with the shadow policy's, after the answer. */
  readonly shadow: ShadowVerdicts;
  readonly #cell: string;
  readonly #instance: string;
  readonly #authority: Authority;
  readonly #kernel: CellKernel;
  readonly #resolver: Resolver;
  readonly #modules: ModuleGrants;
  #hasEnded = false;

  constructor(cell: string, instance: string, authority: Authority, kernel: CellKernel) {
    this.#kernel = kernel;
    this.#resolver = new Resolver(authority.lookup);
    this.#cell = cell;
    this.#instance = instance;
    this.#authority = authority;
    this.#modules = new ModuleGrants(authority.modules);
    this.shadow = new ShadowVerdicts(cell, instance, authority);
  }

  /**
   * Decides a request. The answer is sent before the denial is recorded, so that the guest's thread does not wait for the sink.
   * Network requests go to {@link decideLater}, because their names must be resolved first.
   *
   * @returns undefined unless a module must be prepared first; then it is decided once more after that.
   */
  decide(request: GuardRequest, answer: RequestAnswer): Promise<void> | undefined {
    const asked = askedBy(request);
    if (request.malformed !== null) {
      this.deny({ ...asked, reason: "malformed", broker: "not_evaluated" }, answer);
      return undefined;
    }
    const decision = decide(this.#authority.policy(), asked);
    if (request.refused !== null) {
      // The request was compared when the broker allowed it.
      this.#refused(asked, request.refused, decision, answer);
      return undefined;
    }
    if (decision.effect === "deny") this.#deny(asked, decision, request.probed, answer);
    else if (asked.capability !== "import") this.#allow(asked.capability, GRANTED, answer);
    else {
      const module = this.#modules.grant(asked.target);
      if (module instanceof Promise) return this.#decideAgain(module, request, answer);
      this.#allow("import", module, answer);
    }
    this.shadow.compare(asked, decision);
    return undefined;
  }

  /** Decides an import once its module is prepared: the policy may have been replaced since. */
  async #decideAgain(
    prepared: Promise<void>,
    request: GuardRequest,
    answer: RequestAnswer,
  ): Promise<void> {
    await prepared;
    // The cell has ended, and its last record with it: record no denial after that.
    if (!this.#hasEnded) await this.decide(request, answer);
  }

  async decideLater(request: GuardRequest, answer: RequestAnswer): Promise<void> {
    const { capability, malformed, refused } = request;
    if (capability !== "network" || malformed !== null || refused !== null) {
      await this.decide(request, answer);
      return;
    }
    const asked = askedBy(request);
    const before = this.#authority.policy();
    const decision = decide(before, asked);
    if (decision.effect === "deny") {
      this.#deny(asked, decision, null, answer);
      this.shadow.compare(asked, decision);
      return;
    }
    const resolution = await this.#resolver.resolve(() => this.#authority.policy(), asked.target);
    // The cell has ended, and its last record with it: record no denial after that.
    if (this.#hasEnded) return;
    // Decide again if the policy was replaced during the lookup: the new one also holds for the name.
    const now = this.#authority.policy();
    const again = now === before ? decision : decide(now, asked);
    if (again.effect === "deny") {
      this.#deny(asked, again, null, answer);
      this.shadow.compare(asked, again);
      return;
    }
    switch (resolution.kind) {
      case "granted":
        this.#allow("network", { ok: true, addresses: resolution.addresses }, answer);
        break;
      case "unresolved":
        // The policy allowed the request. A name that does not resolve is a failure of the operation itself.
        this.#allow("network", { ok: true, addresses: [], unresolved: resolution.code }, answer);
        break;
      case "refused":
        this.#deny({ ...asked, target: resolution.target }, resolution.decision, null, answer);
        break;
    }
    this.shadow.compare(asked, again);
  }

  /**
   * Records a denial, after the answer to the guest unless the sink is to have it first. A limit that ends the cell leaves out
   * `answer`: there is no request to answer.
   */
  deny(denial: Denial, answer?: Answer): DenialEvent {
    const { capability, decision } = denial;
    const seq = this.tail.denials + 1;
    const id = `${this.#instance}-${seq}`;
    const reason = decision?.reason ?? denial.reason ?? "no_rule";
    const says = this.#authority.explainRefusals ? inWords(denial, reason) : undefined;
    const refuse = (): void => answer?.({ ok: false, capability, reason, id, says });
    const { recordsFirst = false } = this.#authority.sink;
    if (!recordsFirst) refuse();
    try {
      return this.#record(denial, { id, seq, reason });
    } finally {
      // Answer even if the recording threw, or the guest would wait for ever.
      if (recordsFirst) refuse();
    }
  }

  #record(
    denial: Denial,
    { id, seq, reason }: Pick<DenialEvent, "id" | "seq" | "reason">,
  ): DenialEvent {
    const { capability, decision } = denial;
    const word = denial.kernel?.() ?? null;
    const event = denialEvent({
      id,
      seq,
      cell: this.#cell,
      capability,
      operation: denial.operation,
      target: shown(denial),
      ...ruleFields(denial),
      brokerDecision: denial.broker ?? "deny",
      kernelDecision: word?.verdict ?? this.#authority.kernelVerdict(capability),
      kernelEvidence: word?.verdict === "deny" ? word.evidence : null,
      reason,
      nearestRule: decision?.nearestRule ?? null,
      policyName: this.policy.name,
      policyHash: this.policy.hash,
      explains: explainer(this.policy),
    });
    this.tail.add(event);
    this.#authority.sink.record(event);
    return event;
  }

  /** The cell has ended: cancels its lookups, and decides none of the requests that wait for one. */
  end(): void {
    this.#hasEnded = true;
    this.#resolver.end();
  }

  /** Denies by the policy. The record also says what the kernel says to the operation, and so whether the broker was the only barrier. */
  #deny(
    asked: CanonicalRequest,
    decision: Extract<Decision, { effect: "deny" }>,
    probed: KernelProbe | null,
    answer: Answer,
  ): void {
    this.deny({ ...asked, decision, kernel: () => this.#kernel.word(asked, probed) }, answer);
  }

  /**
   * Judges the cell's claim that the kernel refused an operation which the broker had allowed. If evidence shows it, the result
   * is a denial, with reason `stale` and no alarm if the cell is only older than the policy or the disk. Otherwise the failure is
   * the operation's own, and the guest is told so.
   */
  #refused(asked: CanonicalRequest, seen: KernelRefusal, decision: Decision, answer: Answer): void {
    const refusal = this.#kernel.refusal(asked, seen);
    if (refusal === null) {
      answer(GRANTED);
      return;
    }
    const kernel = (): KernelWord => ({ verdict: "deny", evidence: refusal.evidence });
    // The policy may have been replaced since the operation was allowed.
    if (decision.effect === "deny") this.deny({ ...asked, decision, kernel }, answer);
    else {
      const reason = refusal.isStale ? "stale" : "kernel";
      this.deny({ ...asked, granted: decision, reason, broker: "allow", kernel }, answer);
    }
  }

  /** Decides a call of a tool. If it is denied, answers and records it. An allowed one is counted when it is made. */
  mayCall(tool: string, answer: Answer): boolean {
    const asked = callOf(tool);
    const decision = decide(this.#authority.policy(), asked);
    if (decision.effect === "allow") return true;
    this.#deny(asked, decision, null, answer);
    this.shadow.compare(asked, decision);
    return false;
  }

  /** A call of a tool that may be made is made now. Until here, the policy could be replaced, and the call be denied after all. */
  calls(tool: string): void {
    this.#allowed("tool");
    this.shadow.compare(callOf(tool), { effect: "allow" });
  }

  /** The policy in force. */
  get policy(): Policy {
    return this.#authority.policy();
  }

  #allowed(capability: Capability): void {
    this.tail.allow();
    this.#authority.sink.allowed?.(capability);
  }

  #allow<V>(capability: Capability, verdict: V, answer: (verdict: V) => void): void {
    answer(verdict);
    this.#allowed(capability);
  }
}
