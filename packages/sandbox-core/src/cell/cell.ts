import { decodeClone } from "../clone/structured-clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import {
  type Call,
  type CallLimits,
  consoleBody,
  type ConsoleLevel,
  encodeFrame,
  encodeJson,
  Frame,
  outputCost,
  type Start,
} from "../frames.ts";
import { uncaughtLines } from "../guest-frames.ts";
import { Accounts } from "./call-accounts.ts";
import { AsyncChannel, askSync } from "./channel.ts";
import { Dispatch, refused } from "./dispatch.ts";
import { guardContext } from "./guard-context.ts";
import type { Answer, Bridge, Given, Outcome, Primitive } from "./guest/bridge.ts";
import { demandInStep, endOutOfStep, entriesBegun, orEnd } from "./exchange-in-step.ts";
import { GuestIsolate, type Overrun, ownBytes } from "./isolate.ts";
import { charged, outputLeft, type CallBudget } from "./call-budget.ts";
import { Modules } from "./modules/module-store.ts";
import { LaterRequests } from "./later-requests.ts";
import { abortedFrame, type Locate, outcomeFrame } from "./outcome-frame.ts";
import { narrowed } from "./narrow.ts";
import { OpenFiles } from "./open-files.ts";
import { sendValue } from "./encode-value.ts";
import { ProgramEntry, readRun } from "./program-entry.ts";
import { Timers } from "./timers.ts";
import { ToolRequests } from "./tool-requests.ts";

/**
 * Connects the guest's isolate to the host: takes the host's calls, runs the guest, and sends back what the guest asks and puts
 * out. A failure of the guest is an answer and never an exception here. An exception out of an entry is therefore a bug of ours
 * or an exhausted resource, and the cell ends the process, because its state is unknown.
 */
export class Cell {
  readonly #channel = new AsyncChannel(
    (frame) => orEnd(() => this.#receive(frame)),
    () => process.exit(0),
  );
  readonly #later = new LaterRequests((frame) => this.#channel.send(frame));
  readonly #accounts = new Accounts();
  readonly #timers = new Timers<number>((id, owner) =>
    orEnd(() => this.#enter(owner, (timeout) => this.#guest.fire(id, timeout))),
  );
  readonly #dispatch = new Dispatch(this.#later);
  readonly #tools = new ToolRequests({
    send: (frame) => this.#channel.send(frame),
    spend: (bytes, call) => this.#spend(bytes, call),
    takePlain: () => this.#guest.takeGiven(),
    settle: ({ guestCall, owner, answer, value }) =>
      this.#enter(owner, (timeout) => this.#guest.settleTool(guestCall, answer, value, timeout)),
  });
  readonly #modules = new Modules();
  readonly #files = new OpenFiles();
  #isolate: GuestIsolate | undefined;
  #start: Start = { memoryMib: 64, ca: null };
  #current: CallBudget = this.#accounts.of(0);
  readonly #program = new ProgramEntry();
  /**
   * How many entries into the isolate have begun. The count goes up before each entry, so that an entry that was cut off is
   * counted as well.
   */
  #entries = 0;
  readonly #ready = new Set<number>();

  listen(): void {
    // Both are bugs of ours. End the process: a guest must not run in a cell whose state is unknown.
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
        const { source, input, ...limits } = readRun(frame.body);
        this.#begin(frame.id, limits, (timeout) =>
          this.#program.run(this.#guest, frame.id, source, input, timeout),
        );
        this.#program.end();
        break;
      }
      case Frame.tools:
        this.#guest.offer(JSON.parse(frame.body.toString("utf8")) as readonly string[]);
        break;
      case Frame.answer:
        this.#tools.answered(frame);
        break;
      case Frame.abort:
        this.#abort(frame.id);
        break;
      case Frame.narrow:
        this.#start = narrowed(frame, this.#start, (answer) => this.#channel.send(answer));
        break;
      case Frame.call: {
        const { name, args, ...limits } = decodeClone(frame.body) as Call;
        this.#begin(frame.id, limits, (timeout) => this.#guest.call(frame.id, name, args, timeout));
        break;
      }
      case Frame.verdict:
        this.#later.answered(frame);
        break;
      default:
    }
  }

  #begin(id: number, limits: CallLimits, entry: (timeout: number) => void): void {
    this.#accounts.begin(id, limits);
    this.#enter(id, entry);
  }

  /**
   * Ends a call that only waits, by removing everything that could enter the guest for it. An operation that is under way cannot be
   * taken back, so then the whole process ends.
   */
  #abort(id: number): void {
    // A call that is not in flight has its outcome on the way to the host.
    if (!this.#accounts.isInFlight(id)) return;
    if (this.#dispatch.isUnderWay(id)) process.exit(0);
    this.#timers.clearOf(id);
    this.#tools.dropOf(id);
    this.#channel.send(abortedFrame(id));
    this.#accounts.settle(id);
  }

  /** Makes one entry into the isolate, and charges it, its microtasks included, to one call. */
  #enter(callId: number, entry: (timeout: number) => void): void {
    const call = this.#accounts.of(callId);
    this.#current = call;
    this.#entries += 1;
    const begun = entriesBegun();
    try {
      this.#charged(call, entry);
    } catch (error) {
      // The entry was cut off before it began or before its end. What it had to do will not happen: without this line, the host
      // would wait for it until the wall limit.
      if (this.#guest.entriesEnded() !== this.#entries) throw error;
      // The guest left a rejection unhandled; isolated-vm throws it out of the entry.
      for (const line of uncaughtLines(error)) this.#print("error", line.slice(0, 8192));
    }
    // Without this line, a call would wait for its wall limit if its last exchange was left half read and its handlers were cut off.
    demandInStep(begun);
    for (const id of this.#ready) this.#deliver(id, call);
    this.#ready.clear();
  }

  #charged<R>(call: CallBudget, work: (timeout: number) => R): R {
    return charged(call, this.#guest, work, (which, over) => this.#overrun(which, over));
  }

  /** @param entered The call whose entry settled call `id`. It pays for taking the result out, which happens during its entry. */
  #deliver(id: number, entered: CallBudget): void {
    const take = (plain: boolean): Outcome =>
      this.#charged(entered, (timeout) => this.#guest.take(id, plain, timeout));
    const spend = (bytes: number): Answer => this.#spend(bytes, this.#accounts.of(id));
    const locate: Locate = () => this.#charged(entered, () => this.#program.problem(this.#guest));
    this.#channel.send(outcomeFrame(id, take, spend, locate));
    this.#accounts.settle(id);
  }

  /** Tells the host, which records the limit and ends this process. Never returns, so the guest does not run again. */
  #overrun(which: Overrun, { id }: CallBudget): never {
    askSync({ c: "limit", o: which, t: "", x: id });
    process.exit(0);
  }

  /** Charges output to the call. Returns the host's refusal, already recorded, if the call has too little output left. */
  #spend(bytes: number, call: CallBudget): Answer {
    if (call.outputUsed + bytes <= call.outputBytes) {
      call.outputUsed += bytes;
      return undefined;
    }
    return refused(askSync({ c: "limit", o: "output", t: "", x: call.id }));
  }

  /** Sends a console line or a message, charged to the call that is running. */
  #put(kind: number, body: Buffer): Answer {
    const refusal = this.#spend(outputCost(body), this.#current);
    if (refusal === undefined) this.#channel.send(encodeFrame(kind, this.#current.id, body));
    return refusal;
  }

  #print(level: ConsoleLevel, text: string): Answer {
    return this.#put(Frame.console, consoleBody(level, text));
  }

  #post(given: Given): Answer {
    return sendValue(
      "the message",
      given,
      () => this.#guest.takeGiven(),
      outputLeft(this.#current),
      (message) => this.#put(Frame.post, message),
    );
  }

  #answer(name: string, args: readonly Primitive[], answer: Answer): Answer {
    if (name === "import" && typeof answer === "string")
      return this.#modules.answered(String(args[0]), answer);
    return ownBytes(answer);
  }

  #ask(callId: number, name: string, args: readonly Primitive[]): Answer {
    const { id } = this.#current;
    const context = guardContext(this.#start, this.#current, this.#files, args[0]);
    if (callId === 0) return this.#answer(name, args, this.#dispatch.sync(name, args, id, context));
    void this.#dispatch.later(name, args, [id, callId], context).then(([answer, body]) => {
      this.#enter(id, (timeout) => this.#guest.settle(callId, answer, body, timeout));
    });
    return undefined;
  }

  #bridge(): Bridge {
    return {
      ask: (callId, name, ...args) => orEnd(() => this.#ask(callId, name, args)),
      closeFile: (fd) => orEnd(() => this.#files.close(fd)),
      cancel: (callId) => orEnd(() => this.#dispatch.cancel(callId)),
      // A call that was aborted has its outcome already.
      done: (id) => orEnd(() => void (this.#accounts.isInFlight(id) && this.#ready.add(id))),
      console: (level, text) => orEnd(() => this.#print(level, text)),
      post: (...given) => orEnd(() => this.#post(given)),
      tool: (id, name, ...given) => orEnd(() => this.#tools.call(id, name, given, this.#current)),
      timer: (id, milliseconds) =>
        orEnd(() => this.#timers.set(id, milliseconds, this.#current.id)),
      clearTimer: (id) => orEnd(() => this.#timers.clear(id)),
      broken: () => endOutOfStep("planted code was cut off"),
    };
  }
}
