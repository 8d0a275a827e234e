import type { ConsoleLevel } from "../../frames.ts";

/** What a bridge call may carry across the isolate's wall: nothing with a prototype that the guest could have touched. */
export type Primitive = string | number | boolean | null | undefined | Uint8Array;

/**
 * A guarded operation's answer. A string's first letter says what it is: `v` a text value, `j` a JSON value, `h` a line of
 * JSON and the text after it, `r` a refusal (`capability reason id`), `e` the operation's own failure (JSON), and for
 * imports `b` a brokered built-in, `c` a CommonJS module and `m` an ES module (its one name, a newline, its code). Anything
 * else is the value itself.
 */
export type Answer = string | number | boolean | Uint8Array | undefined;

/** One guarded operation as it crosses the wall: 0 and its name, or the call's number where the answer comes later. */
export type Asked = [callId: number, name: string, ...args: Primitive[]];

/** What the guest runtime is given; each member is an `ivm.Callback` in the cell. */
export interface Bridge {
  /** With a call's number the answer comes later, to `settle`, and this gives undefined. */
  readonly ask: (...asked: Asked) => Answer;
  /** The call into the cell has an outcome for `take`; once more, where that was not certain. */
  readonly done: (execId: number) => void;
  readonly console: (level: ConsoleLevel, text: string) => Answer;
  /** The cell fetches the message with `takePost`. */
  readonly post: () => Answer;
  readonly timer: (id: number, milliseconds: number) => boolean;
  readonly clearTimer: (id: number) => void;
  /** Planted code was cut off on the way to what the guest waits for: ends the process. */
  readonly broken: () => void;
}

/** An ES module as the cell plants it: see `es-module.ts`. */
export interface PlantedModule {
  /** Whether it has a top-level `await`. */
  readonly isAsync: boolean;
  /** Specifiers of what it imports. */
  readonly needs: readonly string[];
  /** Which of those it exports whole. */
  readonly stars: readonly number[];
  /** What those must export: which one, and the name. */
  readonly checks: readonly (readonly [index: number, name: string])[];
  /** Once its functions stand, tells how each export is read, and yields; then runs. */
  readonly body: (
    modules: readonly { readonly namespace: object }[],
    expose: (exports: Readonly<Record<string, () => unknown>>) => void,
  ) => Generator<undefined, void, undefined> | AsyncGenerator<undefined, void, undefined>;
}

/** How a call into the cell ended, as it leaves the isolate. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly denial: string | null;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    };

/** What the cell holds of the guest runtime, each member as a reference. */
export interface GuestHandles {
  readonly run: (execId: number, source: string) => void;
  readonly call: (execId: number, name: string, args: unknown[]) => void;
  readonly take: (execId: number) => Outcome;
  /** The same once more, with a value that is made of plain values only. Throws a TypeError that says what cannot be. */
  readonly takePlain: (execId: number) => Outcome;
  readonly takePost: () => { readonly value: unknown };
  readonly takePlainPost: () => { readonly value: unknown };
  readonly settle: (callId: number, answer: Answer, body: Uint8Array | undefined) => void;
  readonly fire: (timerId: number) => void;
  /** How many entries, of `run`, `call`, `settle` and `fire`, have come to their end. */
  readonly ended: () => number;
}
