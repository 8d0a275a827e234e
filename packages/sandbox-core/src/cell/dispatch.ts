import { type WireRequest, type WireVerdict, MAX_REQUEST_TARGET, refusalText } from "../frames.ts";
import { GUEST_SURFACE, type GuestOperation } from "../surface.ts";
import { Cancellations } from "./cancellations.ts";
import { IS_CONFINED } from "./confined.ts";
import {
  type AskAgain,
  Failed,
  type Grant,
  Malformed,
  type Prepared,
  Refused,
  type GuardContext,
} from "./guards/guard.ts";
import { kernelRefusal } from "./guards/kernel-refusal.ts";
import { GUARDS } from "./guards/registry.ts";
import type { Answer, Primitive } from "./guest/bridge.ts";
import { demandInStep } from "./exchange-in-step.ts";
import { Semaphore } from "./semaphore.ts";
import { UnderWay } from "./under-way.ts";

/**
 * Most asynchronous operations of one capability at a time. Each holds descriptors; without a bound, a guest could use up all
 * that the process may open.
 */
const MAX_AT_ONCE = 128;

/** Operations that wait for a server or a command, and may be ended while they do. */
const CANCELLABLE = new Set<string>(["fetch", "child_process.execFile"] satisfies GuestOperation[]);

/** How the guards' requests reach the broker. */
export interface BrokerClient {
  ask(request: WireRequest): WireVerdict;
  askLater(request: WireRequest): Promise<WireVerdict>;
}

/** What was requested last: the policy's name of the operation is left out if it is the one of the surface table. */
interface LastRequest extends Pick<Prepared, "target" | "args"> {
  readonly operation?: string | undefined;
}

/** One guarded operation from the guest's arguments to its answer: prepare, ask, perform. Never throws. */
export class Dispatch {
  readonly #broker: BrokerClient;
  readonly #turns = new Map<string, Semaphore>();
  readonly #underWay = new UnderWay();
  readonly #cancellations = new Cancellations();

  constructor(broker: BrokerClient) {
    this.#broker = broker;
  }

  sync(
    name: string,
    args: readonly Primitive[],
    execId: number,
    guardContext: GuardContext,
  ): Answer {
    let prepared: Prepared | undefined;
    let asked: LastRequest = { target: "" };
    try {
      prepared = this.#prepare(name, args, "sync", guardContext);
      asked = prepared;
      const verdict = this.#broker.ask(this.#first(name, prepared, execId));
      // Return the refusal, do not throw it: the stack of an Error costs more than the rest of a refused request.
      if (!verdict.ok) return refused(verdict);
      demandInStep();
      const again = this.#again(name, execId, (request) => (asked = request));
      return prepared.perform(verdict, again) as Answer;
    } catch (error) {
      if (error instanceof Malformed)
        return refused(this.#broker.ask(this.#malformed(name, error, execId)));
      const claim = this.#claim(name, asked, execId, error);
      return settled(error, claim === undefined ? undefined : this.#broker.ask(claim));
    } finally {
      prepared?.release?.();
    }
  }

  async later(
    name: string,
    args: readonly Primitive[],
    [execId, guestCall]: readonly [execId: number, guestCall: number],
    guardContext: GuardContext,
  ): Promise<readonly [Answer, Uint8Array | undefined]> {
    const turns = this.#turnsOf(name);
    this.#underWay.begin(execId);
    await turns.take();
    let prepared: Prepared | undefined;
    let asked: LastRequest = { target: "" };
    try {
      const signal = CANCELLABLE.has(name) ? this.#cancellations.begin(guestCall) : undefined;
      prepared = this.#prepare(name, args, "async", { ...guardContext, signal });
      asked = prepared;
      const verdict = await this.#broker.askLater(this.#first(name, prepared, execId));
      if (!verdict.ok) return [refused(verdict), undefined];
      demandInStep();
      const again = this.#again(name, execId, (request) => (asked = request));
      const answer = await prepared.perform(verdict, again);
      return Array.isArray(answer)
        ? (answer as [Answer, Uint8Array])
        : [answer as Answer, undefined];
    } catch (error) {
      if (error instanceof Malformed)
        return [
          refused(await this.#broker.askLater(this.#malformed(name, error, execId))),
          undefined,
        ];
      const claim = this.#claim(name, asked, execId, error);
      const verdict = claim === undefined ? undefined : await this.#broker.askLater(claim);
      return [settled(error, verdict), undefined];
    } finally {
      // Always give the turn back: a turn that is lost is missing for every later operation.
      try {
        prepared?.release?.();
      } finally {
        this.#cancellations.end(guestCall);
        this.#underWay.end(execId);
        turns.give();
      }
    }
  }

  /** Ends an asynchronous operation of the guest's, if it is one that waits for someone else. */
  cancel(guestCall: number): void {
    this.#cancellations.cancel(guestCall);
  }

  /** Whether a call into the cell has asynchronous operations that have not ended. */
  isUnderWay(execId: number): boolean {
    return this.#underWay.has(execId);
  }

  #turnsOf(name: string): Semaphore {
    const { capability } = GUEST_SURFACE[name as GuestOperation];
    let turns = this.#turns.get(capability);
    if (turns === undefined) this.#turns.set(capability, (turns = new Semaphore(MAX_AT_ONCE)));
    return turns;
  }

  #prepare(
    name: string,
    args: readonly Primitive[],
    mode: "sync" | "async",
    guardContext: GuardContext,
  ): Prepared {
    return GUARDS[name as GuestOperation](args, mode, guardContext);
  }

  #request(
    name: string,
    { target, operation, args = [] }: LastRequest,
    execId: number,
  ): WireRequest {
    const row = GUEST_SURFACE[name as GuestOperation];
    const request = { c: row.capability, o: operation ?? row.operation, t: target, x: execId };
    return args.length === 0 ? request : { ...request, a: args };
  }

  /**
   * The first request, with the answer of the kernel layer to a probe. Nothing has been done yet, and nothing will be if the
   * broker refuses.
   */
  #first(name: string, prepared: Prepared, execId: number): WireRequest {
    const request = this.#request(name, prepared, execId);
    const p = IS_CONFINED ? prepared.probe?.() : undefined;
    return p === undefined ? request : { ...request, p };
  }

  #malformed(name: string, error: Malformed, execId: number): WireRequest {
    return {
      ...this.#request(
        name,
        {
          target: error.target.slice(0, MAX_REQUEST_TARGET),
          args: error.args,
          operation: error.operation,
        },
        execId,
      ),
      bad: error.message,
    };
  }

  /** The request that reports a failure which looks like a refusal by the kernel layer. The host judges the claim and records it. */
  #claim(
    name: string,
    asked: LastRequest,
    execId: number,
    error: unknown,
  ): WireRequest | undefined {
    const k = kernelRefusal(error);
    return k === undefined ? undefined : { ...this.#request(name, asked, execId), k };
  }

  #again(name: string, execId: number, onAsk: (asked: LastRequest) => void): AskAgain {
    const request = (asked: LastRequest): WireRequest => {
      onAsk(asked);
      return this.#request(name, asked, execId);
    };
    const again = (target: string, operation?: string): Grant =>
      granted(this.#broker.ask(request({ target, operation })));
    return Object.assign(again, {
      later: async (target: string) => granted(await this.#broker.askLater(request({ target }))),
    });
  }
}

function granted(verdict: WireVerdict): Grant {
  if (!verdict.ok) throw new Refused(verdict);
  demandInStep();
  return verdict;
}

/**
 * The answer to an allowed operation that failed: a refusal if the host found that the kernel refused it, else the operation's
 * own failure.
 */
function settled(error: unknown, verdict: WireVerdict | undefined): Answer {
  return verdict === undefined || verdict.ok ? failed(error) : refused(verdict);
}

/** The answer to a request that no policy can allow. If the host allows it all the same, the host is wrong, and the cell fails closed. */
export function refused(verdict: WireVerdict): Answer {
  if (verdict.ok) return failed(new Failed("The request could not be understood"));
  return `r${refusalText(verdict)}`;
}

function failed(error: unknown): Answer {
  if (error instanceof Refused) return refused(error.refusal);
  if (error instanceof Failed)
    return `e${JSON.stringify({ message: error.message, ...error.fields })}`;
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  // The error's message may name paths of the host, so the guest gets the code only.
  return `e${JSON.stringify({ message: typeof code === "string" ? code : "The operation failed", code, errno, syscall })}`;
}
