import { type DenialEvent, type KernelEvidence, type Limits, PolicyError } from "@pyisolate/policy";

import { encodeClone } from "../clone/structured-clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import { encodeFrame, encodeJson, Frame } from "../frames.ts";
import { type Authority, Broker } from "./broker.ts";
import { type Account, type Call, Calls } from "./calls.ts";
import { CellKernel, type Plans } from "./cell-kernel.ts";
import { cellName } from "./cell-name.ts";
import type { CellProcess } from "./process/cell-process.ts";
import type { Stats } from "./denial-log.ts";
import { endOfProcess, type Exit } from "./process/end-of-process.ts";
import { ClosedError } from "./errors.ts";
import { Messages } from "./channel/messages.ts";
import { type OnConsole, OutputExceeded, Outputs } from "./channel/outputs.ts";
import { type EndingLimit, Requests } from "./channel/requests.ts";
import { LimitCheck } from "./limit-check.ts";
import type { Sample, ProcessSampler, SampledProcess } from "./process-sampler.ts";

/** Longest source text of one `exec`, UTF-16 code units. */
const MAX_SOURCE = 16 * 1024 * 1024;

export interface SpawnOptions {
  /** Called with each line that the guest writes with `console`, cleaned and bounded, in the async context of the call into the cell. */
  readonly onConsole?: OnConsole;
}

/** What a sandbox needs from its supervisor. */
export interface SandboxHost {
  readonly authority: Authority;
  readonly plans: Plans;
  readonly watch: Pick<ProcessSampler, "add" | "remove">;
  onEnd(sandbox: Sandbox): void;
}

/** One running cell. Made by `Supervisor.spawn`. */
export class Sandbox {
  /** The name in every record, label and message: `cleanText` of the name that was given. */
  readonly name: string;
  readonly #process: CellProcess;
  readonly #host: SandboxHost;
  readonly #kernel: CellKernel;
  readonly #broker: Broker;
  readonly #calls: Calls;
  readonly #requests: Requests;
  readonly #outputs: Outputs;
  readonly #messages: Messages;
  readonly #limitCheck: LimitCheck;
  readonly #watched: SampledProcess;
  #end: { readonly why: string } | undefined;

  /** @internal */
  constructor(name: string, process: CellProcess, host: SandboxHost, options: SpawnOptions) {
    this.name = cellName(name);
    this.#process = process;
    this.#host = host;
    this.#kernel = new CellKernel(process.launch.confined, host.plans);
    // Pass the name as it was given: `denialEvent` cleans it itself, and would escape an escape again.
    this.#broker = new Broker(name, process.mark, host.authority, this.#kernel);
    const calls = new Calls(this.#limits);
    this.#calls = calls;
    this.#requests = new Requests(this.#broker, calls, {
      answer: (frame) => process.answer(frame),
      send: (frame) => process.send(frame),
      onOverrun: (limit, account) => this.#overrun(limit, "", account),
    });
    this.#messages = new Messages(
      (waits) => process.hold(waits),
      (error) => this.#onGarbage(error),
    );
    this.#outputs = new Outputs(calls, {
      messages: this.#messages,
      onConsole: options.onConsole,
      denial: (id) => this.#broker.tail.find(id),
      onUnread: (account) => {
        if (!this.#requests.charge(account))
          this.#requests.deny("output", "a message that nobody reads", account);
      },
    });
    this.#limitCheck = new LimitCheck(process.launch.start.memoryMib);
    this.#watched = {
      pid: process.pid,
      get busy() {
        return calls.inFlight.size > 0;
      },
      onSample: (sample) => this.#onSample(sample),
    };
    host.watch.add(this.#watched);
    process.listen({
      maxBody: (kind, id) => this.#outputs.maxBody(kind, id),
      onAsk: (frame) => {
        if (!this.closed) this.#requests.ask(frame);
      },
      onFrame: (frame) => {
        if (!this.closed) this.#onFrame(frame);
      },
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
   * Whether the kernel would confine a cell that is spawned now differently, because the policy or the disk has changed since.
   * Operations that only the new policy grants are refused in this cell with reason `stale`, until it is spawned again.
   * Operations that the new policy takes away are refused by the broker alone.
   */
  get stale(): boolean {
    return this.#kernel.isStale;
  }

  /**
   * Runs a program. Resolves to its value, awaited, as structured clone carries it.
   *
   * @throws PolicyError for a denial that the guest did not catch, with its event, and for the limit that ended the cell.
   * @throws GuestError for any other failure of the guest.
   * @throws ClosedError if the cell has ended.
   */
  async exec(source: string): Promise<unknown> {
    if (typeof source !== "string") throw new TypeError("exec takes the program's source text");
    if (source.length > MAX_SOURCE)
      throw new RangeError(`the program is longer than ${MAX_SOURCE} characters`);
    return await this.#enter((call) =>
      encodeJson(Frame.exec, call.id, { source, ...cellLimits(call.limits) }),
    );
  }

  /**
   * Calls a function that the guest left on `globalThis`. Arguments and result travel by structured clone.
   *
   * @throws as {@link exec}, and an Error for arguments that structured clone cannot carry.
   */
  async call(name: string, ...args: unknown[]): Promise<unknown> {
    if (typeof name !== "string") throw new TypeError("call takes the function's name");
    return await this.#enter((call) =>
      encodeFrame(Frame.call, call.id, encodeClone({ name, args, ...cellLimits(call.limits) })),
    );
  }

  /**
   * The messages that the guest posts, until the cell ends. A waiting reader keeps the host's process running. With several
   * readers, each message goes to one. Without any, up to 10 000 messages of 64 MiB together wait; further ones are refused and
   * recorded.
   */
  messages(): AsyncGenerator<unknown, void, undefined> {
    return this.#messages.read();
  }

  /** The newest denials of this cell, newest last, at most 256. `stats` has the exact totals. */
  denialEvents(): readonly DenialEvent[] {
    return this.#broker.tail.events();
  }

  get stats(): Stats {
    return this.#broker.tail.stats;
  }

  /** Ends the cell at once; calls in flight reject with ClosedError. Resolves when its processes are gone. Idempotent. */
  async close(): Promise<void> {
    this.#finish("closed", undefined);
    await this.#process.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #limits(): Limits {
    return this.#host.authority.policy().limits;
  }

  async #enter(frame: (call: Call) => Buffer): Promise<unknown> {
    if (this.#end !== undefined) throw new ClosedError(this.name, this.#end.why);
    const { call, promise } = this.#calls.begin(this.#limits, (overrun) =>
      this.#overrun("wall", `${overrun.limits.wallMs} ms`, overrun),
    );
    try {
      this.#process.send(frame(call));
    } catch (error) {
      // The arguments could not be serialised, so the call never began.
      this.#calls.settle(call.id);
      throw error;
    }
    return await promise;
  }

  #onFrame(frame: IncomingFrame): void {
    if (frame.kind !== Frame.request) this.#outputs.receive(frame);
    else this.#requests.askLater(frame).catch((error: unknown) => this.#onGarbage(error));
  }

  #onSample(sample: Sample): void {
    const excess = this.#limitCheck.excess(sample, this.#calls, this.#limits.cpuMs * 2 + 1000);
    if (excess !== undefined) this.#overrun(excess.limit, excess.detail, excess.account);
  }

  /** The cell sent something that our own cell code never sends, so it is compromised: ends it. */
  #onGarbage(error: unknown): void {
    if (error instanceof OutputExceeded) {
      this.#overrun("output", "", error.account);
      return;
    }
    this.#overrun(
      "crash",
      `protocol: ${error instanceof Error ? error.message : "garbage"}`,
      this.#calls.newest,
    );
  }

  #onExit(exit: Exit): void {
    const { limit, target, evidence } = endOfProcess(exit, this.#kernel.isConfined);
    this.#overrun(limit, target, this.#calls.newest, evidence);
  }

  /** Records a limit that ends the cell, and ends it. */
  #overrun(limit: EndingLimit, target: string, account: Account, evidence?: KernelEvidence): void {
    if (this.closed) return;
    const event = this.#requests.deny(limit, target, account, undefined, evidence);
    this.#finish(event.policyRule, event);
  }

  #finish(why: string, event: DenialEvent | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { why };
    this.#broker.end();
    this.#host.watch.remove(this.#watched);
    this.#process.kill();
    this.#messages.end();
    for (const call of this.#calls.settleAll()) {
      call.reject(event === undefined ? new ClosedError(this.name, why) : new PolicyError(event));
    }
    const { denials, allowed } = this.stats;
    this.#host.authority.sink.closed?.({
      cell: this.name,
      denials,
      allowed,
      cause: event === undefined ? "closed" : "limit",
    });
    this.#host.onEnd(this);
  }
}

function cellLimits({ cpuMs, wallMs, outputBytes }: Limits): {
  cpuMs: number;
  wallMs: number;
  outputBytes: number;
} {
  return { cpuMs, wallMs, outputBytes };
}
