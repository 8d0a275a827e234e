import type { DenialEvent, Limits, Policy, PolicyInput } from "@pyisolate/policy";
import { inWords } from "@pyisolate/policy/options";

import { encodeClone } from "../clone/structured-clone.ts";
import { encodeExec, encodeFrame, Frame } from "../frames.ts";
import type { OnConsole } from "./channel/outputs.ts";
import type { Stats } from "./denial-log.ts";
import { type ExecOptions, execSettings } from "./exec-options.ts";
import type { CellProcess } from "./process/cell-process.ts";
import type { Authority } from "./authority.ts";
import type { CellHost } from "./cell-host.ts";
import { RunningCell } from "./running-cell.ts";
import type { ShadowTotals } from "./shadow-verdicts.ts";
import type { Tools } from "./tools/tool.ts";

/** Longest source text of one `exec`, UTF-16 code units. */
const MAX_SOURCE = 16 * 1024 * 1024;

/** The isolate compiles no text of more characters than an eighth of its heap's bytes, and says so in words about `eval`. */
function longestProgram(memoryMib: number): number {
  return Math.min(MAX_SOURCE, (memoryMib * 1024 * 1024) / 8);
}

export interface SpawnOptions {
  /**
   * What this cell's guest may do, in place of the supervisor's policy: a policy, or any input of `parsePolicy`. A reload of the
   * supervisor's policy does not touch it.
   */
  readonly policy?: PolicyInput;
  /** Functions of the host for this cell's guest, beside the supervisor's; one of the same name replaces it. */
  readonly tools?: Tools;
  /** Called with each line that the guest writes with `console`, cleaned and bounded, in the async context of the call into the cell. */
  readonly onConsole?: OnConsole;
  /** A shadow policy of this cell's own, instead of the supervisor's: it decides beside the policy in force, without effect. */
  readonly shadow?: PolicyInput;
  /** As the supervisor's option, for this cell's guest. */
  readonly explainRefusals?: boolean;
}

/** What a sandbox needs from its supervisor. */
export interface SandboxHost extends CellHost {
  onEnd(sandbox: Sandbox): void;
}

/** What all cells share. Policies and plan are given to each cell by its `CellPolicy`. */
export type SharedHost = Omit<SandboxHost, "authority" | "plans"> & {
  readonly authority: Omit<Authority, "policy" | "shadow">;
};

/** One running cell. Made by `Supervisor.spawn`. */
export class Sandbox {
  /** The name in every record, label and message: `cleanText` of the name that was given. */
  readonly name: string;
  readonly #cell: RunningCell;
  readonly #policyInForce: () => Policy;

  /** @internal */
  constructor(name: string, process: CellProcess, host: SandboxHost, options: SpawnOptions) {
    const { onConsole, explainRefusals = host.authority.explainRefusals } = options;
    const cellHost = { ...host, authority: { ...host.authority, explainRefusals } };
    this.#cell = new RunningCell(name, process, cellHost, onConsole, () => host.onEnd(this));
    this.name = this.#cell.name;
    this.#policyInForce = () => host.authority.policy();
  }

  /** The id of the operating system's process that holds the guest. */
  get pid(): number {
    return this.#cell.pid;
  }

  /** The policy that decides for this cell, with the cell's name in place of `${cell}`. */
  get policy(): Policy {
    return this.#policyInForce();
  }

  get closed(): boolean {
    return this.#cell.closed;
  }

  /**
   * Whether the kernel would confine a cell that is spawned now differently, because the policy or the disk has changed since.
   * Operations that only the new policy grants are refused in this cell with reason `stale`, until it is spawned again. What the
   * new policy takes away, the cell gives up in a moment, and is not stale for that; if it cannot, a process warning says why, and
   * the broker alone refuses it. A cell whose policy grants no port or no command any more stays stale: it reaches and starts
   * nothing, but can still make sockets or processes.
   */
  get stale(): boolean {
    return this.#cell.stale;
  }

  /**
   * Runs a program. Resolves to its value, awaited, as structured clone carries it.
   *
   * @throws PolicyError for a denial that the guest did not catch, with its event, and for the limit that ended the cell.
   * @throws GuestError for any other failure of the guest.
   * @throws ClosedError if the cell has ended.
   * @throws RangeError for a program of more than 16,777,216 characters, or of more than an eighth of the bytes that `memory_mib` gives.
   * @throws the reason of `signal`, once what the program started has ended.
   * @throws TypeError for an unknown option, a value of the wrong kind, an input that cannot travel, or a limit above the
   *   policy's.
   */
  async exec(source: string, options?: ExecOptions): Promise<unknown> {
    if (typeof source !== "string")
      throw new TypeError(`exec takes the program's source text, got ${inWords(source)}`);
    const most = longestProgram(this.#cell.memoryMib);
    if (source.length > most)
      throw new RangeError(
        `the program has ${source.length} characters, and exec takes at most ${most} where memory_mib is ${this.#cell.memoryMib}; pass data as input`,
      );
    const { input, signal, limits } = execSettings(options, this.policy.limits);
    signal?.throwIfAborted();
    return await this.#cell.enter(
      limits,
      (call) => encodeExec(call.id, encodeClone({ source, ...cellLimits(limits) }), input),
      signal,
    );
  }

  /**
   * Calls a function that the guest left on `globalThis`, or else one that a module program exported; `default` is the default
   * export. Arguments and result travel by structured clone.
   *
   * @throws as {@link exec}, and an Error for arguments that structured clone cannot carry.
   */
  async call(name: string, ...args: unknown[]): Promise<unknown> {
    if (typeof name !== "string")
      throw new TypeError(`call takes the name of a function on globalThis, got ${inWords(name)}`);
    return await this.#cell.enter(this.policy.limits, (call) =>
      encodeFrame(Frame.call, call.id, encodeClone({ name, args, ...cellLimits(call.limits) })),
    );
  }

  /**
   * The messages that the guest posts, until the cell ends. A waiting reader keeps the host's process running. With several
   * readers, each message goes to one. Without any, up to 10 000 messages of 64 MiB together wait; further ones are refused and
   * recorded.
   */
  messages(): AsyncGenerator<unknown, void, undefined> {
    return this.#cell.messages();
  }

  /** The newest denials of this cell, newest last, at most 256. `stats` has the exact totals. */
  denialEvents(): readonly DenialEvent[] {
    return this.#cell.denials.events();
  }

  get stats(): Stats {
    return this.#cell.denials.stats;
  }

  /** How often the shadow policy would have decided otherwise. `stats` does not count it. */
  get shadowTotals(): ShadowTotals {
    return this.#cell.shadowTotals;
  }

  /** Ends the cell at once; calls in flight reject with ClosedError. Resolves when its processes are gone. Idempotent. */
  async close(): Promise<void> {
    await this.#cell.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function cellLimits({ cpuMs, wallMs, outputBytes }: Limits): {
  cpuMs: number;
  wallMs: number;
  outputBytes: number;
} {
  return { cpuMs, wallMs, outputBytes };
}
