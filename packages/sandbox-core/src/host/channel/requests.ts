import type { DenialEvent, KernelEvidence } from "@pyisolate/policy";

import type { IncomingFrame } from "../../frame-reader.ts";
import { encodeFrame, Frame, nextNumber, type WireVerdict } from "../../frames.ts";
import { encodeVerdict } from "../../verdict-frame.ts";
import { type Attempt, attempted } from "../attempted-action.ts";
import type { Answer, Broker, RequestAnswer } from "../broker.ts";
import type { Account, Calls } from "../calls.ts";
import { type LimitReached, parseRequest, WireError } from "./wire.ts";

/** The limits that end a cell. `crash`: its process ended and no other limit explains it. */
export type EndingLimit = "cpu" | "wall" | "memory" | "output" | "calls" | "crash";

/**
 * How many refusals one call into a cell may get beyond its limit of calls, before the cell is ended. A guest that still asks
 * after so many will not stop, and each refusal makes a record.
 */
const MAX_REFUSED_CALLS = 10_000;

/** Most asynchronous requests that wait for their verdicts. Our own cell code has at most 128 for each of five capabilities. */
const MAX_WAITING = 1024;

/** What the requests of a cell need from its sandbox. */
export interface RequestHooks {
  answer(frame: Buffer): void;
  send(frame: Buffer): void;
  /** Called when the guest exceeds a limit that ends its cell. */
  onOverrun(limit: "cpu" | "memory" | "calls", account: Account): void;
}

/** Puts a cell's requests to the broker, each on the account and in the async context of the call that it is part of. */
export class Requests {
  readonly #broker: Broker;
  readonly #calls: Calls;
  readonly #hooks: RequestHooks;
  #lastAsked = 0;
  #lastAskedLater = 0;
  #waiting = 0;
  /** Whether a request on the blocking channel waits for its verdict. */
  #isAsked = false;

  constructor(broker: Broker, calls: Calls, hooks: RequestHooks) {
    this.#broker = broker;
    this.#calls = calls;
    this.#hooks = hooks;
  }

  /**
   * Takes a request on the blocking channel. Throws for a malformed frame, and for a request that is not the next in number or that comes
   * before the verdict on the last. Returns a promise if the verdict has to wait.
   */
  ask(frame: IncomingFrame): Promise<void> | undefined {
    if (this.#isAsked) throw new WireError("more than a request came before its verdict");
    this.#lastAsked = inStep(frame, this.#lastAsked);
    const request = parseRequest(frame.body);
    const account = this.#calls.account(request.call);
    this.#isAsked = true;
    const answer: RequestAnswer = (verdict) => {
      this.#isAsked = false;
      this.#hooks.answer(verdictFrame(frame.id, verdict));
    };
    if (request.kind === "limit") this.#limitReached(request, account, answer);
    else if (!this.isOneTooMany(request, account, answer))
      return account.context(() => this.#broker.decide(request, answer));
    return undefined;
  }

  /** Takes a request on the asynchronous channel. Rejects for a malformed frame, and for a request that is not the next in number. */
  async askLater(frame: IncomingFrame): Promise<void> {
    this.#lastAskedLater = inStep(frame, this.#lastAskedLater);
    if (this.#waiting >= MAX_WAITING) throw new WireError("too many requests at once");
    const request = parseRequest(frame.body);
    if (request.kind === "limit") throw new WireError("a limit on the wrong channel");
    const account = this.#calls.account(request.call);
    const answer: RequestAnswer = (verdict) => this.#hooks.send(verdictFrame(frame.id, verdict));
    if (this.isOneTooMany(request, account, answer)) return;
    this.#waiting += 1;
    try {
      await account.context(async () => await this.#broker.decideLater(request, answer));
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Records that a limit was reached; with evidence, that the kernel ended the cell without a request that explains it. */
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

  /** Counts an event that costs the host as much as a request. Returns true if the call has had so many that the cell has been ended. */
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

  /** Refuses a request beyond the call's limit of calls. Returns whether it did. */
  isOneTooMany(request: Attempt, account: Account, answer: Answer): boolean {
    if (this.charge(account)) return true;
    if (account.requests <= account.limits.calls) return false;
    this.deny("calls", attempted(request), account, answer);
    return true;
  }
}

function verdictFrame(id: number, verdict: WireVerdict | Uint8Array): Buffer {
  return verdict instanceof Uint8Array
    ? encodeFrame(Frame.module, id, verdict)
    : encodeVerdict(id, verdict);
}

/** The number of a request. It must follow the last one: a cell that repeats or skips a number has lost step. */
function inStep({ kind, id }: IncomingFrame, last: number): number {
  if (kind !== Frame.request) throw new WireError(`frame of kind ${kind} in place of a request`);
  if (id !== nextNumber(last)) throw new WireError(`request ${id} after ${last}`);
  return id;
}
