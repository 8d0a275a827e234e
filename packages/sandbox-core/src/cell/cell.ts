import { decodeClone, encodeClone } from "../clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import {
  type Call,
  type CallLimits,
  encodeFrame,
  encodeJson,
  type Exec,
  Frame,
  type Start,
  type WireRequest,
  type WireVerdict,
} from "../frames.ts";
import { AsyncChannel, askSync } from "./channel.ts";
import { Dispatch, refused } from "./dispatch.ts";
import type { Surroundings } from "./guards/guard.ts";
import type { Answer, Bridge, Outcome, Primitive } from "./guest/bridge.ts";
import { GuestIsolate, type Overrun } from "./isolate.ts";
import { charged, type Running, running } from "./meter.ts";
import { Modules } from "./modules.ts";
import { outcomeFrame } from "./outcome-frame.ts";
import { asScript } from "./program.ts";
import { settleMemory } from "./settle-memory.ts";
import { Timers } from "./timers.ts";

/** Calls whose limits are remembered after they settled, for what they left behind: timers, unawaited promises. */
const REMEMBERED = 64;

/** What a limit's message tells the host besides its name: nothing; the host knows the numbers. */
const LIMIT = "limit";

export class Cell {
  readonly #channel = new AsyncChannel(
    (frame) => this.#receive(frame),
    () => process.exit(0),
  );
  readonly #verdicts = new Map<number, (verdict: WireVerdict) => void>();
  readonly #running = new Map<number, Running>();
  readonly #timers = new Timers<Running>((id, owner) =>
    this.#enter(owner, (timeout) => this.#guest.fire(id, timeout)),
  );
  readonly #dispatch = new Dispatch({
    ask: askSync,
    askLater: async (request) => await this.#askLater(request),
  });
  readonly #modules = new Modules();
  #isolate: GuestIsolate | undefined;
  #start: Start = { memoryMib: 64, ca: null };
  #lastRequest = 0;
  #current = running(0, { cpuMs: 1000, wallMs: 5000, outputBytes: 0 });
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
        this.#isolate = new GuestIsolate(this.#start.memoryMib, this.#bridge(), () =>
          this.#overrun("memory", this.#current),
        );
        settleMemory();
        this.#channel.send(encodeJson(Frame.ready, 0, {}));
        break;
      case Frame.exec: {
        const { source, ...limits } = JSON.parse(frame.body.toString("utf8")) as Exec;
        this.#begin(frame.id, limits, (timeout) =>
          this.#guest.run(frame.id, `${asScript(source)}\n//# sourceURL=guest.js`, timeout),
        );
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
    const call = running(id, limits);
    this.#running.set(id, call);
    if (this.#running.size > REMEMBERED) {
      const [oldest] = this.#running.keys();
      if (oldest !== undefined) this.#running.delete(oldest);
    }
    this.#enter(call, entry);
  }

  /** Every entry into the isolate: on one call's account, its microtasks included. */
  #enter(call: Running, entry: (timeout: number) => void): void {
    this.#current = call;
    try {
      this.#charged(call, entry);
    } catch (error) {
      // A rejection that the guest left unhandled: isolated-vm throws it out of the entry.
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.#print("error", `Uncaught (in promise) ${text}`.slice(0, 8192));
    }
    for (const id of this.#ready.splice(0)) this.#deliver(id, call);
  }

  #charged<R>(call: Running, work: (timeout: number) => R): R {
    return charged(call, this.#guest, work, (which, over) => this.#overrun(which, over));
  }

  #deliver(id: number, call: Running): void {
    const take = (): Outcome => this.#charged(call, (timeout) => this.#guest.take(id, timeout));
    // The account is that of the call that gets it, whoever's entry has settled it.
    const spend = (bytes: number): Answer => this.#spend(bytes, this.#running.get(id) ?? call);
    this.#channel.send(outcomeFrame(id, take, spend));
  }

  /** Tells the host, which ends this process; nothing of the guest runs any more. */
  #overrun(which: Overrun, { id }: Running): never {
    askSync({ c: LIMIT, o: which, t: "", x: id });
    process.exit(0);
  }

  /** Takes output from the call's budget; the refusal, recorded by the host, where it does not suffice. */
  #spend(bytes: number, call: Running = this.#current): Answer {
    if (call.outputUsed + bytes <= call.outputBytes) {
      call.outputUsed += bytes;
      return undefined;
    }
    return refused(askSync({ c: LIMIT, o: "output", t: "", x: call.id }));
  }

  #print(level: string, text: string): Answer {
    const refusal = this.#spend(Buffer.byteLength(text));
    if (refusal === undefined)
      this.#channel.send(encodeJson(Frame.console, this.#current.id, { level, text }));
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
    return {
      wallMs,
      outputBytes,
      memoryBytes: this.#start.memoryMib * 1024 * 1024,
      ca: this.#start.ca,
    };
  }

  #answer(name: string, args: readonly Primitive[], execId: number): Answer {
    const answer = this.#dispatch.sync(name, args, execId, this.#surroundings());
    if (name === "import" && typeof answer === "string" && answer.startsWith("s"))
      return this.#modules.answer(String(args[0]), answer.slice(1));
    return this.#guest.bytesOut(answer) as Answer;
  }

  #bridge(): Bridge {
    return {
      ask: (callId, name, ...args) => {
        const call = this.#current;
        if (callId === 0) return this.#answer(name, args, call.id);
        void this.#dispatch
          .later(name, args, call.id, this.#surroundings())
          .then(([answer, body]) => {
            this.#enter(call, (timeout) => this.#guest.settle(callId, answer, body, timeout));
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
        if (refusal === undefined)
          this.#channel.send(encodeFrame(Frame.post, this.#current.id, bytes));
        return refusal;
      },
      timer: (id, milliseconds) => this.#timers.set(id, milliseconds, this.#current),
      clearTimer: (id) => this.#timers.clear(id),
    };
  }
}
