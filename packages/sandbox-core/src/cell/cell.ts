import { decodeClone } from "../clone/structured-clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import {
  type Call,
  type CallLimits,
  consoleBody,
  type ConsoleLevel,
  encodeFrame,
  encodeJson,
  type Exec,
  Frame,
  nextNumber,
  outputCost,
  type Start,
  type WireRequest,
  type WireVerdict,
} from "../frames.ts";
import { Accounts } from "./accounts.ts";
import { AsyncChannel, askSync } from "./channel.ts";
import { Dispatch, refused } from "./dispatch.ts";
import type { GuardContext } from "./guards/guard.ts";
import type { Answer, Bridge, Outcome, Primitive } from "./guest/bridge.ts";
import { endOutOfStep } from "./in-step.ts";
import { GuestIsolate, type Overrun } from "./isolate.ts";
import { charged, outputLeft, type CallBudget } from "./call-budget.ts";
import { Modules } from "./modules/module-store.ts";
import { outcomeFrame } from "./outcome-frame.ts";
import { checkBelow, NotPortable, portable } from "./encode-value.ts";
import { asScript } from "./modules/program.ts";
import { Timers } from "./timers.ts";

/**
 * The cell: what the guest calls, and what the host sends. Whatever is thrown out of an entry is no failure of the guest's, whose
 * failures are answers, but a mistake of ours or the end of a resource: the process ends, since nothing is known of its state.
 */
export class Cell {
  readonly #channel = new AsyncChannel(
    (frame) => orEnd(() => this.#receive(frame)),
    () => process.exit(0),
  );
  readonly #verdicts = new Map<number, (verdict: WireVerdict) => void>();
  readonly #accounts = new Accounts();
  readonly #timers = new Timers<number>((id, owner) =>
    orEnd(() => this.#enter(owner, (timeout) => this.#guest.fire(id, timeout))),
  );
  readonly #dispatch = new Dispatch({
    ask: askSync,
    askLater: async (request) => await this.#askLater(request),
  });
  readonly #modules = new Modules();
  #isolate: GuestIsolate | undefined;
  #start: Start = { memoryMib: 64, ca: null };
  #lastRequest = 0;
  #current: CallBudget = this.#accounts.of(0);
  /** How often the isolate has been entered, counted before it is. */
  #entries = 0;
  readonly #ready = new Set<number>();

  listen(): void {
    // Either is a mistake of ours; the guest must not profit from a cell in an unknown state.
    process.on("unhandledRejection", endOutOfStep);
    process.on("uncaughtException", endOutOfStep);
  }

  get #guest(): GuestIsolate {
    if (this.#isolate === undefined) throw new Error("the cell has not started");
    return this.#isolate;
  }

  #receive(frame: IncomingFrame): void {
    switch (frame.kind) {
      case Frame.start:
        this.#start = JSON.parse(frame.body.toString("utf8")) as Start;
        this.#isolate = new GuestIsolate(this.#start.memoryMib, this.#bridge());
        this.#channel.send(encodeJson(Frame.ready, 0, {}));
        break;
      case Frame.exec: {
        const { source, ...limits } = JSON.parse(frame.body.toString("utf8")) as Exec;
        const script = `${asScript(source)}\n//# sourceURL=guest.js`;
        this.#begin(frame.id, limits, (timeout) => this.#guest.run(frame.id, script, timeout));
        break;
      }
      case Frame.call: {
        const { name, args, ...limits } = decodeClone(frame.body) as Call;
        this.#begin(frame.id, limits, (timeout) => this.#guest.call(frame.id, name, args, timeout));
        break;
      }
      case Frame.verdict: {
        const settle = this.#verdicts.get(frame.id);
        if (settle === undefined) throw new Error(`a verdict on ${frame.id}, which is no request`);
        this.#verdicts.delete(frame.id);
        settle(JSON.parse(frame.body.toString("utf8")) as WireVerdict);
        break;
      }
      default:
    }
  }

  #begin(id: number, limits: CallLimits, entry: (timeout: number) => void): void {
    this.#accounts.begin(id, limits);
    this.#enter(id, entry);
  }

  /** Every entry into the isolate: on one call's account, its microtasks included. */
  #enter(callId: number, entry: (timeout: number) => void): void {
    const call = this.#accounts.of(callId);
    this.#current = call;
    this.#entries += 1;
    try {
      this.#charged(call, entry);
    } catch (error) {
      // Cut off before it began, or before its end: what it was to do would be waited for until a wall limit.
      if (this.#guest.entriesEnded() !== this.#entries) throw error;
      // A rejection that the guest left unhandled: isolated-vm throws it out of the entry.
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.#print("error", `Uncaught (in promise) ${text}`.slice(0, 8192));
    }
    for (const id of this.#ready) this.#deliver(id, call);
    this.#ready.clear();
  }

  #charged<R>(call: CallBudget, work: (timeout: number) => R): R {
    return charged(call, this.#guest, work, (which, over) => this.#overrun(which, over));
  }

  /** @param entered The call whose entry has settled it: its time, since the result is taken out in its turn. */
  #deliver(id: number, entered: CallBudget): void {
    const take = (plain: boolean): Outcome =>
      this.#charged(entered, (timeout) => this.#guest.take(id, plain, timeout));
    const account = this.#accounts.of(id);
    const spend = (bytes: number): Answer => this.#spend(bytes, account);
    this.#channel.send(outcomeFrame(id, take, spend));
    this.#accounts.settle(id);
  }

  /** Tells the host, which knows the numbers and ends this process; nothing of the guest runs any more. */
  #overrun(which: Overrun, { id }: CallBudget): never {
    askSync({ c: "limit", o: which, t: "", x: id });
    process.exit(0);
  }

  /** Takes output from the call's budget; the refusal, recorded by the host, where it does not suffice. */
  #spend(bytes: number, call: CallBudget): Answer {
    if (call.outputUsed + bytes <= call.outputBytes) {
      call.outputUsed += bytes;
      return undefined;
    }
    return refused(askSync({ c: "limit", o: "output", t: "", x: call.id }));
  }

  /** Sends a console line or a message, at the expense of the call that is running. */
  #put(kind: number, body: Buffer): Answer {
    const refusal = this.#spend(outputCost(body), this.#current);
    if (refusal === undefined) this.#channel.send(encodeFrame(kind, this.#current.id, body));
    return refusal;
  }

  #print(level: ConsoleLevel, text: string): Answer {
    return this.#put(Frame.console, consoleBody(level, text));
  }

  #post(): Answer {
    let message: Buffer;
    try {
      const check = checkBelow(outputLeft(this.#current));
      message = portable((plain) => this.#guest.takePost(plain), check);
    } catch (error) {
      if (!(error instanceof NotPortable)) throw error;
      return `e${JSON.stringify({ type: "TypeError", message: `the message cannot leave the cell: ${error.message}` })}`;
    }
    return this.#put(Frame.post, message);
  }

  async #askLater(request: WireRequest): Promise<WireVerdict> {
    const id = nextNumber(this.#lastRequest);
    this.#lastRequest = id;
    const { promise, resolve } = Promise.withResolvers<WireVerdict>();
    this.#verdicts.set(id, resolve);
    this.#channel.send(encodeJson(Frame.request, id, request));
    return await promise;
  }

  #guardContext(): GuardContext {
    const { wallMs, outputBytes } = this.#current;
    return {
      wallMs,
      outputBytes,
      memoryBytes: this.#start.memoryMib * 1024 * 1024,
      ca: this.#start.ca,
      writable: this.#start.writable,
    };
  }

  #answer(name: string, args: readonly Primitive[], execId: number): Answer {
    const answer = this.#dispatch.sync(name, args, execId, this.#guardContext());
    if (name !== "import" || typeof answer !== "string")
      return this.#guest.bytesOut(answer) as Answer;
    const specifier = String(args[0]);
    if (answer.startsWith("s")) this.#modules.keep(specifier, answer.slice(1));
    return /^[sk]/.test(answer) ? this.#modules.answer(specifier) : answer;
  }

  #ask(callId: number, name: string, args: readonly Primitive[]): Answer {
    const { id } = this.#current;
    if (callId === 0) return this.#answer(name, args, id);
    void this.#dispatch.later(name, args, id, this.#guardContext()).then(([answer, body]) => {
      this.#enter(id, (timeout) => this.#guest.settle(callId, answer, body, timeout));
    });
    return undefined;
  }

  #bridge(): Bridge {
    return {
      ask: (callId, name, ...args) => orEnd(() => this.#ask(callId, name, args)),
      done: (id) => void orEnd(() => this.#ready.add(id)),
      console: (level, text) => orEnd(() => this.#print(level, text)),
      post: () => orEnd(() => this.#post()),
      timer: (id, milliseconds) =>
        orEnd(() => this.#timers.set(id, milliseconds, this.#current.id)),
      clearTimer: (id) => orEnd(() => this.#timers.clear(id)),
      broken: () => endOutOfStep("planted code was cut off"),
    };
  }
}

function orEnd<R>(entry: () => R): R {
  try {
    return entry();
  } catch (error) {
    return endOutOfStep(error);
  }
}
