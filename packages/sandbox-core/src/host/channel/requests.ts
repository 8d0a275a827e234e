import type { DenialEvent, KernelEvidence } from "@pyisolate/policy";

import type { IncomingFrame } from "../../frame-reader.ts";
import { encodeJson, Frame, nextNumber } from "../../frames.ts";
import { type Answer, attempted, type Broker } from "../broker.ts";
import type { Account, Calls } from "../calls.ts";
import { type GuardRequest, type LimitReached, parseRequest, WireError } from "./wire.ts";

/** The limits that end a cell, and `crash`: its process ended with no other limit to blame. */
export type EndingLimit = "cpu" | "wall" | "memory" | "output" | "calls" | "crash";

/**
 * How many refusals beyond its limit of calls one call into a cell may have. A guest that goes on asking after so many will not
 * stop, and each refusal is a record.
 */
const MAX_REFUSED_CALLS = 10_000;

/** Most asynchronous requests that wait for their verdicts: a cell of ours has 128 for each of five capabilities. */
const MAX_WAITING = 1024;

/** What the requests of a cell need of it. */
export interface RequestHooks {
  answer(frame: Buffer): void;
  send(frame: Buffer): void;
  /** The guest has used up a limit that its cell does not survive. */
  onOverrun(limit: "cpu" | "memory" | "calls", account: Account): void;
}

/** Puts what one cell asks to the broker: on the account, and in the async context, of the call that it is part of. */
export class Requests {
  readonly #broker: Broker;
  readonly #calls: Calls;
  readonly #hooks: RequestHooks;
  #lastAsked = 0;
  #lastAskedLater = 0;
  #waiting = 0;

  constructor(broker: Broker, calls: Calls, hooks: RequestHooks) {
    this.#broker = broker;
    this.#calls = calls;
    this.#hooks = hooks;
  }

  /** A request on the blocking channel. Throws for what is none, and for one that is not the next. */
  ask(frame: IncomingFrame): void {
    this.#lastAsked = inStep(frame, this.#lastAsked);
    const request = parseRequest(frame.body);
    const account = this.#calls.account(request.call);
    const answer: Answer = (verdict) =>
      this.#hooks.answer(encodeJson(Frame.verdict, frame.id, verdict));
    if (request.kind === "limit") this.#limitReached(request, account, answer);
    else if (!this.#isOneTooMany(request, account, answer))
      account.context(() => this.#broker.decide(request, answer));
  }

  /** A request on the other channel. Rejects for what is none, and for one that is not the next. */
  async askLater(frame: IncomingFrame): Promise<void> {
    this.#lastAskedLater = inStep(frame, this.#lastAskedLater);
    if (this.#waiting >= MAX_WAITING) throw new WireError("too many requests at once");
    const request = parseRequest(frame.body);
    if (request.kind === "limit") throw new WireError("a limit on the wrong channel");
    const account = this.#calls.account(request.call);
    const answer: Answer = (verdict) =>
      this.#hooks.send(encodeJson(Frame.verdict, frame.id, verdict));
    if (this.#isOneTooMany(request, account, answer)) return;
    this.#waiting += 1;
    try {
      await account.context(async () => await this.#broker.decideLater(request, answer));
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Records that a limit was reached; with evidence, that the kernel ended the cell for what no request explains. */
  deny(
    limit: EndingLimit,
    target: string,
    account: Account,
    answer?: Answer,
    evidence?: KernelEvidence,
  ): DenialEvent {
    return account.context(() =>
      this.#broker.deny(
        {
          capability: "limit",
          operation: limit,
          target,
          rule: `limit.${limit}`,
          reason: evidence === undefined ? "limit" : "kernel",
          broker: "not_evaluated",
          ...(evidence === undefined
            ? {}
            : { kernel: () => ({ verdict: "deny", evidence }) as const }),
        },
        answer,
      ),
    );
  }

  /**
   * Counts what is no request and makes the host work like one. True where the call has had so many that the cell has been
   * ended.
   */
  charge(account: Account): boolean {
    account.requests += 1;
    if (account.requests <= account.limits.calls + MAX_REFUSED_CALLS) return false;
    this.#hooks.onOverrun("calls", account);
    return true;
  }

  #limitReached({ limit }: LimitReached, account: Account, answer: Answer): void {
    if (limit !== "output") this.#hooks.onOverrun(limit, account);
    else if (!this.charge(account)) this.deny("output", "", account, answer);
  }

  /** Refuses a request that is one too many. */
  #isOneTooMany(request: GuardRequest, account: Account, answer: Answer): boolean {
    if (this.charge(account)) return true;
    if (account.requests <= account.limits.calls) return false;
    this.deny("calls", attempted(request), account, answer);
    return true;
  }
}

/** The number of a request, which must be the next: a cell that repeats or leaves one out has lost step. */
function inStep({ kind, id }: IncomingFrame, last: number): number {
  if (kind !== Frame.request) throw new WireError(`frame of kind ${kind} in place of a request`);
  if (id !== nextNumber(last)) throw new WireError(`request ${id} after ${last}`);
  return id;
}
