import { type DenialEvent, type KernelEvidence, type Limits, PolicyError } from "@pyisolate/policy";

import type { IncomingFrame } from "../frame-reader.ts";
import { Frame, HEAD_BYTES, MAX_BODY_BYTES } from "../frames.ts";
import { abortable, abortCall, ABORTED } from "./abort-call.ts";
import { Broker } from "./broker.ts";
import { type Account, type Call, Calls } from "./calls.ts";
import type { CellHost } from "./cell-host.ts";
import { CellKernel } from "./cell-kernel.ts";
import { cellName } from "./cell-name.ts";
import { Messages } from "./channel/messages.ts";
import { type OnConsole, OutputExceeded, Outputs } from "./channel/outputs.ts";
import { type EndingLimit, Requests } from "./channel/requests.ts";
import type { DenialLog } from "./denial-log.ts";
import { ClosedError } from "./cell-errors.ts";
import { ProcessLimits } from "./process-limits.ts";
import { Narrowing } from "./narrowing.ts";
import type { CellProcess } from "./process/cell-process.ts";
import { endOfProcess, type Exit } from "./process/end-of-process.ts";
import type { ShadowTotals } from "./shadow-verdicts.ts";
import type { Sample, SampledProcess } from "./process-sampler.ts";
import { ToolCalls } from "./tools/tool-calls.ts";

/**
 * A cell process in use: passes what it sends to the requests, outputs and messages of its calls, and ends it when it is closed, reaches
 * a limit or breaks the protocol. Whatever ends it, its calls are settled and its end is reported once.
 */
export class RunningCell {
  /** The name in every record, label and message: `cleanText` of the name that was given. */
  readonly name: string;
  readonly #process: CellProcess;
  readonly #host: CellHost;
  readonly #onEnd: () => void;
  readonly #kernel: CellKernel;
  readonly #broker: Broker;
  readonly #calls: Calls;
  readonly #requests: Requests;
  readonly #outputs: Outputs;
  readonly #messages: Messages;
  readonly #tools: ToolCalls;
  readonly #narrowing: Narrowing;
  readonly #processLimits: ProcessLimits;
  readonly #watched: SampledProcess;
  #end: { readonly why: string } | undefined;

  /** @param onEnd Called once, after the calls in flight have been settled. */
  constructor(
    name: string,
    process: CellProcess,
    host: CellHost,
    onConsole: OnConsole | undefined,
    onEnd: () => void,
  ) {
    this.name = cellName(name);
    this.#process = process;
    this.#host = host;
    this.#onEnd = onEnd;
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
    this.#messages = new Messages((waits) => process.hold(waits), this.#onGarbage);
    this.#tools = new ToolCalls(this.name, host.tools, {
      calls,
      broker: this.#broker,
      requests: this.#requests,
      send: (frame) => process.send(frame),
    });
    this.#outputs = new Outputs(calls, {
      messages: this.#messages,
      onConsole,
      denial: (id) => this.#broker.tail.find(id),
      onUnread: (account) => {
        if (!this.#requests.charge(account))
          this.#requests.deny("output", "a message without a reader", account);
      },
      onTool: (frame) => this.#tools.receive(frame),
    });
    this.#narrowing = new Narrowing(this.name, process, this.#kernel);
    host.plans.onReload(async () => await this.#narrowing.apply());
    this.#processLimits = new ProcessLimits(process.launch.start.memoryMib);
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
        if (!this.closed) this.#requests.ask(frame)?.catch(this.#onGarbage);
      },
      onFrame: (frame) => {
        if (!this.closed) this.#onFrame(frame);
      },
      onGarbage: this.#onGarbage,
      onExit: (exit) => this.#onExit(exit),
    });
  }

  /** The limit of the guest's heap with which the process was started. */
  get memoryMib(): number {
    return this.#process.launch.start.memoryMib;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  get shadowTotals(): ShadowTotals {
    return this.#broker.shadow.totals;
  }

  get stale(): boolean {
    return this.#kernel.isStale;
  }

  get denials(): DenialLog {
    return this.#broker.tail;
  }

  messages(): AsyncGenerator<unknown, void, undefined> {
    return this.#messages.read();
  }

  /**
   * Begins a call, and sends the frame that it begins with. Resolves to the call's value.
   *
   * @param signal Aborts the call.
   * @throws ClosedError if the cell has ended, and what `frame` throws: then no call has begun.
   */
  async enter(
    limits: Limits,
    frame: (call: Call) => Buffer,
    signal?: AbortSignal,
  ): Promise<unknown> {
    if (this.#end !== undefined) throw new ClosedError(this.name, this.#end.why);
    const { call, promise } = this.#calls.begin(limits, (overrun) =>
      this.#overrun("wall", `${overrun.limits.wallMs} ms`, overrun),
    );
    try {
      const first = frame(call);
      if (first.length > HEAD_BYTES + MAX_BODY_BYTES)
        throw new RangeError(
          `the program with its input, or the arguments of the call, take more than ${MAX_BODY_BYTES} bytes; pass them in parts`,
        );
      this.#process.send(first);
    } catch (error) {
      // The arguments could not be serialised, so the call never began.
      this.#calls.settle(call.id);
      throw error;
    }
    return await abortable(promise, signal, (reason) => {
      abortCall(call, reason, this.#process, () => this.#finish(ABORTED, undefined));
      // Abort the tools only after the cell has been told. Otherwise the guest would run on with the failures of its tools.
      this.#tools.abort(call, reason);
    });
  }

  /** Ends the cell at once. Resolves when its processes are gone. */
  async close(): Promise<void> {
    this.#finish("closed", undefined);
    await this.#process.exited();
  }

  get #limits(): Limits {
    return this.#host.authority.policy().limits;
  }

  #onFrame(frame: IncomingFrame): void {
    if (frame.kind === Frame.narrowed) this.#narrowing.receive(frame);
    else if (frame.kind !== Frame.request) this.#outputs.receive(frame);
    else this.#requests.askLater(frame).catch(this.#onGarbage);
  }

  #onSample(sample: Sample): void {
    const excess = this.#processLimits.excess(sample, this.#calls, this.#limits.cpuMs * 2 + 1000);
    if (excess !== undefined) this.#overrun(excess.limit, excess.detail, excess.account);
  }

  /** The cell sent something that our own cell code never sends, so it is compromised: ends it. */
  readonly #onGarbage = (error: unknown): void => {
    if (error instanceof OutputExceeded) {
      this.#overrun("output", "", error.account);
      return;
    }
    const what = error instanceof Error ? error.message : "garbage";
    this.#overrun("crash", `protocol: ${what}`, this.#calls.newest);
  };

  #onExit(exit: Exit): void {
    const { limit, target, evidence } = endOfProcess(exit, this.#kernel.isConfined);
    // The cell ended itself because it could not end the aborted call alone: see `Cell.#abort`.
    if (exit.code === 0 && evidence === undefined && this.#calls.isAborting)
      this.#finish(ABORTED, undefined);
    else this.#overrun(limit, target, this.#calls.newest, evidence);
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
    this.#narrowing.end();
    this.#tools.end(new ClosedError(this.name, why));
    for (const call of this.#calls.settleAll()) {
      call.reject(event === undefined ? new ClosedError(this.name, why) : new PolicyError(event));
    }
    const { denials, allowed } = this.denials.stats;
    this.#host.authority.sink.closed?.({
      cell: this.name,
      denials,
      allowed,
      cause: event === undefined ? "closed" : "limit",
    });
    this.#onEnd();
  }
}
