import type { DenialEvent } from "@pyisolate/policy";

import type { IncomingFrame } from "../frame-reader.ts";
import { encodeJson, Frame, type WireVerdict } from "../frames.ts";
import { attempted, type Broker } from "./broker.ts";
import type { Account, Calls } from "./calls.ts";
import { type GuardRequest, type LimitReached, parseRequest } from "./wire.ts";

/** The limits that end a cell, and `crash`: its process ended with no other limit to blame. */
export type EndingLimit = "cpu" | "wall" | "memory" | "output" | "crash";

/** What the requests of a cell need of it. */
export interface Asking {
  answer(frame: Buffer): void;
  send(frame: Buffer): void;
  /** The cell says that its guest has used up a limit that it does not survive. */
  onOverrun(limit: "cpu" | "memory", account: Account): void;
  /** The policy has let the guest start a process. */
  onCommand(): void;
}

/** Puts what one cell asks to the broker: on the account, and in the async context, of the call that it is part of. */
export class Requests {
  readonly #broker: Broker;
  readonly #calls: Calls;
  readonly #asking: Asking;

  constructor(broker: Broker, calls: Calls, asking: Asking) {
    this.#broker = broker;
    this.#calls = calls;
    this.#asking = asking;
  }

  /** A request on the blocking channel. Throws for what is none. */
  ask(frame: IncomingFrame): void {
    const request = parseRequest(frame.body);
    const account = this.#calls.account(request.call);
    if (request.kind === "limit") this.#limitReached(request, account);
    else this.#asking.answer(encodeJson(Frame.verdict, 0, this.#counted(request, account) ?? account.context(() => this.#decide(request))));
  }

  /** A request on the other channel. Rejects for what is none. */
  async askLater(frame: IncomingFrame): Promise<void> {
    const request = parseRequest(frame.body);
    if (request.kind === "limit") throw new TypeError("a limit on the wrong channel");
    const account = this.#calls.account(request.call);
    const verdict = this.#counted(request, account) ?? (await account.context(async () => await this.#decideLater(request)));
    this.#asking.send(encodeJson(Frame.verdict, frame.id, verdict));
  }

  /** Records that a limit was reached. */
  deny(limit: EndingLimit | "calls", target: string, account: Account): DenialEvent {
    return account.context(() =>
      this.#broker.deny({ capability: "limit", operation: limit, target, rule: `limit.${limit}`, reason: "limit", broker: "not_evaluated" }),
    );
  }

  #limitReached({ limit }: LimitReached, account: Account): void {
    if (limit === "output") this.#asking.answer(encodeJson(Frame.verdict, 0, this.#refused("output", "", account)));
    else this.#asking.onOverrun(limit, account);
  }

  /** The refusal of a request that is one too many. */
  #counted(request: GuardRequest, account: Account): WireVerdict | undefined {
    account.requests += 1;
    return account.requests > account.limits.calls ? this.#refused("calls", attempted(request), account) : undefined;
  }

  #refused(limit: "calls" | "output", target: string, account: Account): WireVerdict {
    const { id, capability, reason } = this.deny(limit, target, account);
    return { ok: false, capability, reason, id };
  }

  #decide(request: GuardRequest): WireVerdict {
    return this.#noted(request, this.#broker.decide(request));
  }

  async #decideLater(request: GuardRequest): Promise<WireVerdict> {
    return this.#noted(request, await this.#broker.decideLater(request));
  }

  #noted(request: GuardRequest, verdict: WireVerdict): WireVerdict {
    if (request.capability === "subprocess" && verdict.ok) this.#asking.onCommand();
    return verdict;
  }
}
