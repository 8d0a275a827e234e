import type { KernelProbe, WireVerdict } from "../../frames.ts";
import type { Answer, Primitive } from "../guest/bridge.ts";

export type Grant = Extract<WireVerdict, { ok: true }>;
export type Refusal = Extract<WireVerdict, { ok: false }>;

/** The broker's no, inside the cell. It never reaches the guest as this object. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

/** What the guest gave is no request: refused, and recorded, before the policy is asked. */
export class Malformed extends Error {
  /** As much of the target as could be read. */
  readonly target: string;

  constructor(why: string, target = "") {
    super(why);
    this.target = target;
  }
}

/** The operation was allowed and then failed by itself; the guest sees these fields and nothing of the host. */
export class Failed extends Error {
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.fields = fields;
  }
}

/** One more request by the same operation: a redirect, an entry below a directory. Throws {@link Refused}. */
export interface AskAgain {
  (target: string): Grant;
  /** The same without blocking the thread. */
  later(target: string): Promise<Grant>;
}

/** What the cell tells its guards of the call that they serve. */
export interface GuardContext {
  readonly wallMs: number;
  readonly outputBytes: number;
  readonly memoryBytes: number;
  readonly ca: string | null;
  /** The trees in which the kernel lets this cell write; undefined where that is not known. */
  readonly writable?: readonly string[] | undefined;
}

/** One request, found out but not yet granted. */
export interface Prepared {
  /** What is really asked, as the broker and the record see it. */
  readonly target: string;
  /**
   * Asks the kernel's layer what it says to it, without an effect; called in a confined cell before the broker is asked. Left out where
   * there is no such question. Does not throw.
   */
  probe?(): KernelProbe | undefined;
  /** Does it. Throws {@link Failed}, an errno error, or {@link Refused} by `ask`. */
  perform(grant: Grant, ask: AskAgain): Answer | Promise<Answer | readonly [Answer, Uint8Array]>;
  /** Lets go of what `prepare` holds; always called. */
  release?(): void;
}

/** One guarded operation. `prepare` has no effect that a refusal would have to undo. Throws {@link Malformed}. */
export type Guard = (
  args: readonly Primitive[],
  mode: "sync" | "async",
  guardContext: GuardContext,
) => Prepared;
