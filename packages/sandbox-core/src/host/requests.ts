import type { DenialEvent } from "@pyisolate/policy";

import type { IncomingFrame } from "../frame-reader.ts";
import { encodeJson, Frame } from "../frames.ts";
import { type Answer, attempted, type Broker } from "./broker.ts";
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
    const answer: Answer = (verdict) => this.#asking.answer(encodeJson(Frame.verdict, 0, verdict));
    if (request.kind === "limit") this.#limitReached(request, account, answer);
    else if (!this.#isOneTooMany(request, account, answer))
      account.context(() => this.#broker.decide(request, this.#noting(request, answer)));
  }

  /** A request on the other channel. Rejects for what is none. */
  async askLater(frame: IncomingFrame): Promise<void> {
    const request = parseRequest(frame.body);
    if (request.kind === "limit") throw new TypeError("a limit on the wrong channel");
    const account = this.#calls.account(request.call);
    const answer: Answer = (verdict) =>
      this.#asking.send(encodeJson(Frame.verdict, frame.id, verdict));
    if (this.#isOneTooMany(request, account, answer)) return;
    await account.context(
      async () => await this.#broker.decideLater(request, this.#noting(request, answer)),
    );
  }

  /** Records that a limit was reached. */
  deny(
    limit: EndingLimit | "calls",
    target: string,
    account: Account,
    answer?: Answer,
  ): DenialEvent {
    return account.context(() =>
      this.#broker.deny(
        {
          capability: "limit",
          operation: limit,
          target,
          rule: `limit.${limit}`,
          reason: "limit",
          broker: "not_evaluated",
        },
        answer,
      ),
    );
  }

  #limitReached({ limit }: LimitReached, account: Account, answer: Answer): void {
    if (limit === "output") this.deny("output", "", account, answer);
    else this.#asking.onOverrun(limit, account);
  }

  /** Refuses a request that is one too many. */
  #isOneTooMany(request: GuardRequest, account: Account, answer: Answer): boolean {
    account.requests += 1;
    if (account.requests <= account.limits.calls) return false;
    this.deny("calls", attempted(request), account, answer);
    return true;
  }

  /** The cell hears that it may start a process only after it has been noted: it may be killed right then. */
  #noting(request: GuardRequest, answer: Answer): Answer {
    if (request.capability !== "subprocess") return answer;
    return (verdict) => {
      if (verdict.ok) this.#asking.onCommand();
      answer(verdict);
    };
  }
}
