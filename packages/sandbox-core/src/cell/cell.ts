import { decodeClone, encodeClone } from "../clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import { type Call, type CallLimits, encodeFrame, encodeJson, type Exec, type Failure, Frame, type Start, type WireRequest, type WireVerdict } from "../frames.ts";
import { AsyncChannel, askSync } from "./channel.ts";
import { Dispatch, refused } from "./dispatch.ts";
import type { Surroundings } from "./guards/guard.ts";
import type { Answer, Bridge, Primitive } from "./guest/bridge.ts";
import { GuestIsolate, type Overrun } from "./isolate.ts";
import { Modules } from "./modules.ts";
import { asScript } from "./program.ts";
import { Timers } from "./timers.ts";

/** One call into the cell, from the moment it enters until what it started has come back. */
interface Running extends CallLimits {
  readonly id: number;
  cpuUsed: number;
  outputUsed: number;
}

/** Calls whose limits are remembered after they settled, for what they left behind: timers, unawaited promises. */
const REMEMBERED = 64;

/** What a limit's message tells the host besides its name: nothing; the host knows the numbers. */
const LIMIT = "limit";

export class Cell {
  readonly #channel = new AsyncChannel((frame) => this.#receive(frame), () => process.exit(0));
  readonly #verdicts = new Map<number, (verdict: WireVerdict) => void>();
  readonly #running = new Map<number, Running>();
  readonly #timers = new Timers<Running>((id, owner) => this.#enter(owner, (timeout) => this.#guest.fire(id, timeout)));
  readonly #dispatch = new Dispatch({
    ask: askSync,
    askLater: async (request) => await this.#askLater(request),
  });
  readonly #modules = new Modules();
  #isolate: GuestIsolate | undefined;
  #start: Start = { memoryMib: 64, ca: null };
  #lastRequest = 0;
  #current: Running = { id: 0, cpuMs: 1000, wallMs: 5000, outputBytes: 0, cpuUsed: 0, outputUsed: 0 };
  #ready: number[] = [];

  listen(): void {
    // A rejection here is a mistake of ours; the guest must not profit from a cell in an unknown state.
    process.on("unhandledRejection", () => process.exit(70));
  }

  get #guest(): GuestIsolate {
    if (this.#isolate === undefined) throw new Error("the cell has not started");
    return this.#isolate;
  }

  #receive(frame: IncomingFrame): void {
    switch (frame.kind) {
      case Frame.start:
        this.#start = JSON.parse(frame.body.toString("utf8")) as Start;
        this.#isolate = new GuestIsolate(this.#start.memoryMib, this.#bridge(), () => this.#overrun("memory", this.#current));
        this.#channel.send(encodeJson(Frame.ready, 0, {}));
        break;
      case Frame.exec: {
        const { source, ...limits } = JSON.parse(frame.body.toString("utf8")) as Exec;
        this.#begin(frame.id, limits, (timeout) => this.#guest.run(frame.id, `${asScript(source)}\n//# sourceURL=guest.js`, timeout));
        break;
      }
      case Frame.call: {
        const { name, args, ...limits } = decodeClone(frame.body) as Call;
        this.#begin(frame.id, limits, (timeout) => this.#guest.call(frame.id, name, args, timeout));
        break;
      }
      case Frame.verdict: {
        const settle = this.#verdicts.get(frame.id);
        this.#verdicts.delete(frame.id);
        settle?.(JSON.parse(frame.body.toString("utf8")) as WireVerdict);
        break;
      }
      default:
    }
  }

  #begin(id: number, limits: CallLimits, entry: (timeout: number) => void): void {
    const running: Running = { id, cpuMs: limits.cpuMs, wallMs: limits.wallMs, outputBytes: limits.outputBytes, cpuUsed: 0, outputUsed: 0 };
    this.#running.set(id, running);
    if (this.#running.size > REMEMBERED) {
      const [oldest] = this.#running.keys();
      if (oldest !== undefined) this.#running.delete(oldest);
    }
    this.#enter(running, entry);
  }

  /** Every entry into the isolate: on one call's account, within its CPU time, its microtasks included. */
  #enter(running: Running, entry: (timeout: number) => void): void {
    const before = this.#guest.cpuMs;
    this.#current = running;
    try {
      entry(Math.max(1, Math.ceil(running.cpuMs - running.cpuUsed)));
    } catch (error) {
      this.#explain(error, running, before);
    }
    running.cpuUsed += this.#guest.cpuMs - before;
    for (const id of this.#ready.splice(0)) this.#deliver(id, running);
  }

  /** What an entry threw: a limit, or a rejection that the guest left unhandled, which isolated-vm throws out of it. */
  #explain(error: unknown, running: Running, before: number): void {
    if (this.#guest.isDisposed) this.#overrun("memory", running);
    // The message alone proves nothing: a guest can throw an error that reads the same.
    const used = running.cpuUsed + (this.#guest.isDisposed ? 0 : this.#guest.cpuMs - before);
    if (error instanceof Error && error.message === "Script execution timed out." && used >= running.cpuMs * 0.9) {
      this.#overrun("cpu", running);
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#print("error", `Uncaught (in promise) ${text}`.slice(0, 8192));
  }

  /** Tells the host, which ends this process; nothing of the guest runs any more. */
  #overrun(which: Overrun, running: Running): never {
    askSync({ c: LIMIT, o: which, t: "", x: running.id });
    process.exit(0);
  }

  #deliver(id: number, running: Running): void {
    let frame: Buffer;
    const before = this.#guest.cpuMs;
    try {
      const outcome = this.#guest.take(id, Math.max(1, Math.ceil(running.cpuMs - running.cpuUsed)));
      if (outcome.ok) {
        const bytes = encodeClone(outcome.value);
        const refusal = this.#spend(bytes.length);
        frame = refusal === undefined ? encodeFrame(Frame.result, id, bytes) : encodeJson(Frame.failure, id, denied(refusal));
      } else {
        const { denial, name, message, stack } = outcome;
        frame = encodeJson(Frame.failure, id, { ...(denial === null ? {} : { denial }), name, message, stack });
      }
    } catch (error) {
      if (this.#guest.isDisposed) this.#overrun("memory", running);
      if (error instanceof Error && error.message === "Script execution timed out." && running.cpuUsed + this.#guest.cpuMs - before >= running.cpuMs * 0.9) {
        this.#overrun("cpu", running);
      }
      const why = error instanceof Error ? error.message : "a getter threw";
      frame = encodeJson(Frame.failure, id, { name: "DataCloneError", message: `the result cannot be carried by structured clone: ${why}`.slice(0, 512), stack: "" } satisfies Failure);
    }
    this.#channel.send(frame);
  }

  /** Takes output from the call's budget; the refusal, recorded by the host, where it does not suffice. */
  #spend(bytes: number): Answer {
    const running = this.#current;
    if (running.outputUsed + bytes <= running.outputBytes) {
      running.outputUsed += bytes;
      return undefined;
    }
    return refused(askSync({ c: LIMIT, o: "output", t: "", x: running.id }));
  }

  #print(level: string, text: string): Answer {
    const refusal = this.#spend(Buffer.byteLength(text));
    if (refusal === undefined) this.#channel.send(encodeJson(Frame.console, this.#current.id, { level, text }));
    return refusal;
  }

  async #askLater(request: WireRequest): Promise<WireVerdict> {
    const id = ++this.#lastRequest;
    const { promise, resolve } = Promise.withResolvers<WireVerdict>();
    this.#verdicts.set(id, resolve);
    this.#channel.send(encodeJson(Frame.request, id, request));
    return await promise;
  }

  #surroundings(): Surroundings {
    const { wallMs, outputBytes } = this.#current;
    return { wallMs, outputBytes, memoryBytes: this.#start.memoryMib * 1024 * 1024, ca: this.#start.ca };
  }

  #answer(name: string, args: readonly Primitive[], execId: number): Answer {
    const answer = this.#dispatch.sync(name, args, execId, this.#surroundings());
    if (name === "import" && typeof answer === "string" && answer.startsWith("s")) return this.#modules.answer(String(args[0]), answer.slice(1));
    return this.#guest.bytesOut(answer) as Answer;
  }

  #bridge(): Bridge {
    return {
      ask: (callId, name, ...args) => {
        const running = this.#current;
        if (callId === 0) return this.#answer(name, args, running.id);
        void this.#dispatch.later(name, args, running.id, this.#surroundings()).then(([answer, body]) => {
          this.#enter(running, (timeout) => this.#guest.settle(callId, answer, body, timeout));
        });
        return undefined;
      },
      done: (id) => {
        this.#ready.push(id);
      },
      console: (level, text) => this.#print(level, text),
      post: () => {
        let bytes: Buffer;
        try {
          bytes = encodeClone(this.#guest.takePost());
        } catch {
          return `e${JSON.stringify({ type: "TypeError", message: "the message cannot be carried by structured clone" })}`;
        }
        const refusal = this.#spend(bytes.length);
        if (refusal === undefined) this.#channel.send(encodeFrame(Frame.post, this.#current.id, bytes));
        return refusal;
      },
      timer: (id, milliseconds) => this.#timers.set(id, milliseconds, this.#current),
      clearTimer: (id) => this.#timers.clear(id),
    };
  }
}

/** A refusal's answer (`rcapability reason id`) as the failure of the call that it ended. */
function denied(answer: Answer): Failure {
  const [capability = "", reason = "", denial = ""] = String(answer).slice(1).split(" ");
  return { denial, name: "PolicyError", message: `${capability} denied (${reason})`, stack: "" };
}
