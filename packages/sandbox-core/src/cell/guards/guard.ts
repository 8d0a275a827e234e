import type { KernelProbe, WireVerdict } from "../../frames.ts";
import type { Answer, Primitive } from "../guest/bridge.ts";
import type { OpenFile, OpenFiles } from "../open-files.ts";

export type Grant = Extract<WireVerdict, { ok: true }>;
export type Refusal = Extract<WireVerdict, { ok: false }>;

/** The broker's refusal, thrown inside the cell. The guest never gets this object. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

/** The guest's arguments do not make a request. The host refuses and records it without asking the policy. */
export class Malformed extends Error {
  /** As much of the target as could be read. */
  readonly target: string;
  /** subprocess: as much of the arguments, bounded. */
  readonly args: readonly string[];
  /** The policy's name of the operation, if it is another one than that of the surface table. */
  readonly operation: string | undefined;

  constructor(why: string, target = "", args: readonly string[] = [], operation?: string) {
    super(why);
    this.target = target;
    this.args = args;
    this.operation = operation;
  }
}

/** The operation was allowed and failed by itself. The guest sees these fields, and nothing of the host. */
export class Failed extends Error {
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.fields = fields;
  }
}

/**
 * Makes a further request, such as for a redirect or an entry below a directory. Throws {@link Refused}.
 *
 * @param operation The policy's name of the operation, if it is another one than that of the first request.
 */
export interface AskAgain {
  (target: string, operation?: string): Grant;
  /** Does the same without blocking the thread. */
  later(target: string): Promise<Grant>;
}

/** What the cell tells a guard about the call that it serves. */
export interface GuardContext {
  readonly wallMs: number;
  readonly outputBytes: number;
  readonly memoryBytes: number;
  readonly ca: string | null;
  /** Aborted when the guest does not want the answer any more; left out for what cannot be ended. */
  readonly signal?: AbortSignal | undefined;
  /** What the guest has open. */
  readonly files: OpenFiles;
  /** The one that the call's first argument is the number of. It was looked up when the guest called: later, another may have its number. */
  readonly file: OpenFile | undefined;
  /** The trees in which the kernel lets this cell write; undefined if that is unknown. */
  readonly writable?: readonly string[] | undefined;
}

/** One request: its target has been found, and the broker has not decided it yet. */
export interface Prepared {
  /** The target as the broker decides it and the record shows it. */
  readonly target: string;
  /** The policy's name of the operation, if it is another one than that of the surface table. */
  readonly operation?: string;
  /** subprocess: the arguments that `perform` will pass, which the broker decides too. */
  readonly args?: readonly string[];
  /**
   * Asks the kernel layer for its answer, without an effect. The cell calls it, if confined, before it asks the broker. Left
   * out for operations that cannot be probed. Does not throw.
   */
  probe?(): KernelProbe | undefined;
  /** Performs the operation. Throws {@link Failed}, an errno error, or {@link Refused} from `ask`. */
  perform(grant: Grant, ask: AskAgain): Answer | Promise<Answer | readonly [Answer, Uint8Array]>;
  /** Releases what `prepare` holds. The cell always calls it. */
  release?(): void;
}

/** One guarded operation. `prepare` has no effect, so a refusal has nothing to undo. Throws {@link Malformed}. */
export type Guard = (
  args: readonly Primitive[],
  mode: "sync" | "async",
  guardContext: GuardContext,
) => Prepared;
