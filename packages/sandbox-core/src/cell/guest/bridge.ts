/** What a bridge call may carry across the isolate's wall: nothing with a prototype that the guest could have touched. */
export type Primitive = string | number | boolean | null | undefined | Uint8Array;

/**
 * A guarded operation's answer. A string's first letter says what it is: `v` a text value, `j` a JSON value, `r` a refusal
 * (`capability reason id`), `e` the operation's own failure (JSON), and for imports `b` a brokered built-in, `c` a CommonJS
 * source, `n` an ES namespace that was handed over. Anything else is the value itself.
 */
export type Answer = string | number | boolean | Uint8Array | undefined;

/** What the guest runtime is given; each member is an `ivm.Callback` in the cell. */
export interface Bridge {
  readonly sync: (name: string, ...args: Primitive[]) => Answer;
  /** The answer comes later, to `settle`. */
  readonly async: (callId: number, name: string, ...args: Primitive[]) => void;
  /** The call into the cell has an outcome for `take`. */
  readonly done: (execId: number) => void;
  readonly console: (level: string, text: string) => Answer;
  /** The cell fetches the message with `takePost`. */
  readonly post: () => Answer;
  readonly timer: (id: number, milliseconds: number) => boolean;
  readonly clearTimer: (id: number) => void;
}

/** How a call into the cell ended, as it leaves the isolate. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly denial: string | null; readonly name: string; readonly message: string; readonly stack: string };

/** What the cell holds of the guest runtime, each member as a reference. */
export interface GuestHandles {
  readonly run: (execId: number, source: string) => void;
  readonly call: (execId: number, name: string, args: unknown[]) => void;
  readonly take: (execId: number) => Outcome;
  readonly takePost: () => unknown;
  readonly settle: (callId: number, answer: Answer, body: Uint8Array | undefined) => void;
  readonly fire: (timerId: number) => void;
  /** Takes an ES module's namespace from the module that imported it. */
  readonly receive: (namespace: unknown) => void;
  readonly builtin: (name: string) => unknown;
}
