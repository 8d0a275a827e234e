import { cleanText, type DenialEvent, type Limits, PolicyError } from "@pyisolate/policy";

import { decodeClone, encodeClone } from "../clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import { encodeFrame, encodeJson, Frame, type WireVerdict } from "../frames.ts";
import { attempted, type Authority, Broker } from "./broker.ts";
import { type Call, Calls } from "./calls.ts";
import type { CellProcess, Exit } from "./cell-process.ts";
import type { Stats } from "./denials.ts";
import { ClosedError, GuestError } from "./errors.ts";
import { Messages } from "./messages.ts";
import type { Watch, Watched } from "./watch.ts";
import { type GuardRequest, parseConsole, parseFailure, parseRequest } from "./wire.ts";

const MIB = 1024 * 1024;
/** Room beside the guest's heap: V8 copies when it collects, and the guards need some of their own. */
const RESIDENT_SLACK = 48 * MIB;
/** Longest source text of one `exec`, UTF-16 code units. */
const MAX_SOURCE = 16 * MIB;

export interface SpawnOptions {
  /** A line that the guest wrote with `console`, clean and bounded. */
  readonly onConsole?: (level: "debug" | "log" | "info" | "warn" | "error", text: string) => void;
}

/** What a sandbox needs of its supervisor. */
export interface Home {
  readonly authority: Authority;
  readonly watch: Watch;
  onEnd(sandbox: Sandbox): void;
}

/** One running cell. Made by `Supervisor.spawn`. */
export class Sandbox {
  readonly name: string;
  readonly #process: CellProcess;
  readonly #home: Home;
  readonly #broker: Broker;
  readonly #calls = new Calls();
  readonly #messages = new Messages();
  readonly #watched: Watched;
  readonly #options: SpawnOptions;
  #end: { readonly why: string; readonly event: DenialEvent | undefined } | undefined;

  /** @internal */
  constructor(name: string, process: CellProcess, home: Home, options: SpawnOptions) {
    this.name = name;
    this.#process = process;
    this.#home = home;
    this.#options = options;
    this.#broker = new Broker(name, process.mark, home.authority);
    const calls = this.#calls;
    this.#watched = {
      pid: process.pid,
      get busy() {
        return calls.busy;
      },
      memoryBytes: process.memoryMib * MIB * 2 + RESIDENT_SLACK,
      get idleCpuMs() {
        return home.authority.policy().limits.cpuMs * 2 + 1000;
      },
      onMemory: (resident) => this.#overrun("memory", `resident ${resident} MiB`),
      onIdleCpu: () => this.#overrun("cpu", "with no call in flight"),
    };
    home.watch.add(this.#watched);
    process.listen({
      onAsk: (frame) => this.#onAsk(frame),
      onFrame: (frame) => this.#onFrame(frame),
      onGarbage: (error) => this.#onGarbage(error),
      onExit: (exit) => this.#onExit(exit),
    });
  }

  /** The id of the operating system's process that holds the guest. */
  get pid(): number {
    return this.#process.pid;
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Runs a program; resolves to its value, awaited, as structured clone carries it.
   *
   * @throws PolicyError for a denial that the guest did not catch, with that very event, and for the limit that ended the cell.
   * @throws GuestError for any other failure of the guest.
   * @throws ClosedError where the cell has ended.
   */
  async exec(source: string): Promise<unknown> {
    if (typeof source !== "string") throw new TypeError("exec takes the program's source text");
    if (source.length > MAX_SOURCE) throw new RangeError(`the program is longer than ${MAX_SOURCE} characters`);
    return this.#enter((call) => encodeJson(Frame.exec, call.id, { source, ...cellLimits(call.limits) }));
  }

  /**
   * Calls a function that the guest left on `globalThis`; arguments and result travel by structured clone.
   *
   * @throws as {@link exec}.
   */
  async call(name: string, ...args: unknown[]): Promise<unknown> {
    if (typeof name !== "string") throw new TypeError("call takes the function's name");
    return this.#enter((call) => encodeFrame(Frame.call, call.id, encodeClone({ name, args, ...cellLimits(call.limits) })));
  }

  /** What the guest posts, until the cell ends. One reader. */
  messages(): AsyncGenerator<unknown, void, undefined> {
    return this.#messages.read();
  }

  /** The newest denials of this cell, newest last, at most 256; `stats` has the exact totals. */
  denialEvents(): readonly DenialEvent[] {
    return this.#broker.tail.events();
  }

  get stats(): Stats {
    return this.#broker.tail.stats;
  }

  /** Ends the cell at once; calls in flight reject with ClosedError. Resolves when its processes are gone. */
  async close(): Promise<void> {
    this.#finish("closed", undefined);
    await this.#process.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #enter(frame: (call: Call) => Buffer): Promise<unknown> {
    if (this.#end !== undefined) throw new ClosedError(this.name, this.#end.why);
    const { call, promise } = this.#calls.begin(this.#home.authority.policy().limits, (overrun) =>
      this.#overrun("wall", `${overrun.limits.wallMs} ms`, overrun),
    );
    try {
      this.#process.send(frame(call));
    } catch (error) {
      // The arguments could not be serialised: the call never began.
      this.#calls.settle(call.id);
      throw error;
    }
    return promise;
  }

  #onAsk(frame: IncomingFrame): void {
    this.#guarded(() => {
      const request = parseRequest(frame.body);
      if (request.kind === "limit") {
        const call = this.#calls.find(request.call);
        if (request.limit !== "output") {
          this.#overrun(request.limit, "", call);
          return;
        }
        this.#process.answer(encodeJson(Frame.verdict, 0, this.#limit("output", "", call)));
        return;
      }
      this.#process.answer(encodeJson(Frame.verdict, 0, this.#decide(request)));
    });
  }

  #onFrame(frame: IncomingFrame): void {
    this.#guarded(() => {
      switch (frame.kind) {
        case Frame.request:
          void this.#decideLater(frame);
          break;
        case Frame.result:
          this.#spend(frame);
          this.#settle(frame.id, (call) => call.resolve(decodeClone(frame.body)));
          break;
        case Frame.failure: {
          const failure = parseFailure(frame.body);
          // Only a denial that this cell really had is believed: an id is a claim.
          const event = failure.denial === undefined ? undefined : this.#broker.tail.find(failure.denial);
          this.#settle(frame.id, (call) => call.reject(event === undefined ? new GuestError(failure) : new PolicyError(event)));
          break;
        }
        case Frame.console: {
          this.#spend(frame);
          const { level, text } = parseConsole(frame.body);
          this.#options.onConsole?.(level, cleanText(text, 8192));
          break;
        }
        case Frame.post:
          this.#spend(frame);
          this.#messages.push(decodeClone(frame.body));
          break;
        default:
          throw new TypeError(`frame of unknown kind ${frame.kind}`);
      }
    });
  }

  #decide(request: GuardRequest): WireVerdict {
    const call = this.#calls.find(request.call);
    const refusal = this.#countRequest(request, call);
    if (refusal !== undefined) return refusal;
    if (request.capability === "subprocess") this.#process.mayHaveStrays = true;
    return inContext(call, () => this.#broker.decide(request));
  }

  async #decideLater(frame: IncomingFrame): Promise<void> {
    try {
      const request = parseRequest(frame.body);
      if (request.kind === "limit") throw new TypeError("a limit on the wrong channel");
      const call = this.#calls.find(request.call);
      if (request.capability === "subprocess") this.#process.mayHaveStrays = true;
      const verdict =
        this.#countRequest(request, call) ?? (await inContext(call, async () => this.#broker.decideLater(request)));
      if (!this.closed) this.#process.send(encodeJson(Frame.verdict, frame.id, verdict));
    } catch (error) {
      this.#onGarbage(error);
    }
  }

  #countRequest(request: GuardRequest, call: Call | undefined): WireVerdict | undefined {
    if (call === undefined) return undefined;
    call.requests += 1;
    return call.requests > call.limits.calls ? this.#limit("calls", attempted(request), call) : undefined;
  }

  /** A limit that refuses the operation and leaves the cell alive. */
  #limit(limit: "calls" | "output", target: string, call: Call | undefined): WireVerdict {
    const { id, capability, reason } = this.#denyLimit(limit, target, call);
    return { ok: false, capability, reason, id };
  }

  #denyLimit(limit: "cpu" | "wall" | "memory" | "calls" | "output" | "crash", target: string, call: Call | undefined): DenialEvent {
    return inContext(call ?? this.#calls.find(0), () =>
      this.#broker.deny({ capability: "limit", operation: limit, target, rule: `limit.${limit}`, reason: "limit", broker: "not_evaluated" }),
    );
  }

  /** A limit that ends the cell. */
  #overrun(limit: "cpu" | "wall" | "memory" | "output" | "crash", target: string, call?: Call): void {
    if (this.closed) return;
    const event = this.#denyLimit(limit, target, call);
    this.#finish(event.policyRule, event);
  }

  /** The host's own count of what leaves the cell: the cell refuses first, so more than that is no guest's doing. */
  #spend(frame: IncomingFrame): void {
    const call = this.#calls.find(frame.id);
    if (call === undefined) return;
    call.outputBytes += frame.body.length;
    // Twice, and some: a console line travels as JSON, which may be longer than its text.
    if (call.outputBytes > call.limits.outputBytes * 6 + 65_536) this.#overrun("output", "", call);
  }

  #settle(id: number, how: (call: Call) => void): void {
    const call = this.#calls.settle(id);
    if (call === undefined) return;
    try {
      how(call);
    } catch (error) {
      call.reject(error);
      throw error;
    }
  }

  #guarded(work: () => void): void {
    if (this.closed) return;
    try {
      work();
    } catch (error) {
      this.#onGarbage(error);
    }
  }

  /** The cell says what no cell of ours says: it is not ours any more. */
  #onGarbage(error: unknown): void {
    if (this.closed) return;
    this.#overrun("crash", `protocol: ${error instanceof Error ? error.message : "garbage"}`);
  }

  #onExit({ code, signal, lastWords }: Exit): void {
    if (this.closed) return;
    // V8 ends its process where the heap cannot grow: SIGABRT, SIGTRAP or SIGILL, and it says so.
    const outOfMemory = /out of memory|heap limit|allocation failed/i.test(lastWords);
    this.#overrun(outOfMemory ? "memory" : "crash", signal ?? `exit ${code}`);
  }

  #finish(why: string, event: DenialEvent | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { why, event };
    this.#home.watch.remove(this.#watched);
    this.#process.kill();
    this.#messages.end();
    for (const call of this.#calls.settleAll()) {
      call.reject(event === undefined ? new ClosedError(this.name, why) : new PolicyError(event));
    }
    const { denials, allowed } = this.stats;
    this.#home.authority.sink.closed?.({ cell: this.name, denials, allowed, cause: event === undefined ? "closed" : "limit" });
    this.#home.onEnd(this);
  }
}

function cellLimits({ cpuMs, wallMs, outputBytes }: Limits): { cpuMs: number; wallMs: number; outputBytes: number } {
  return { cpuMs, wallMs, outputBytes };
}

function inContext<R>(call: Call | undefined, work: () => R): R {
  return call === undefined ? work() : call.context(work);
}
