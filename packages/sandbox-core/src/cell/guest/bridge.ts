import type { Failure } from "../../failure-frame.ts";
import type { ConsoleLevel } from "../../frames.ts";

/** The values that may cross the isolate's wall in a bridge call: none has a prototype that the guest could have changed. */
export type Primitive = string | number | boolean | null | undefined | Uint8Array;

/**
 * The answer of a guarded operation. The first letter of a string says what it is: `v` a text value, `j` a JSON value, `h` a line
 * of JSON and the text after it, `r` a refusal (`capability reason id`, and a message if there is one), `e` the operation's own failure (JSON); for imports, `b`
 * a brokered built-in, `c` a CommonJS module and `m` an ES module (its canonical name, a newline, its code); for values that are
 * passed, `p` alone if the value must be made plain. Any other type is the value itself.
 */
export type Answer = string | number | boolean | Uint8Array | undefined;

/** One guarded operation as it crosses the wall: the call's number, or 0 for a synchronous one, then its name and arguments. */
export type BridgeCall = [callId: number, name: string, ...args: Primitive[]];

/** A value that the guest passes. If it could not be copied as it is, it is left out, and the cell takes it with `takePlainGiven`. */
export type Given = [isCopied: boolean, value: unknown];

/** What the cell gives to the guest runtime; each member is an `ivm.Callback` there. */
export interface Bridge {
  /** Asks for an operation. With a call's number it returns undefined, and the answer comes later through `settle`. */
  readonly ask: (...asked: BridgeCall) => Answer;
  /** Closes a file that the guest has open. Nothing is asked: nothing of it was held. Returns whether it was open. */
  readonly closeFile: (fd: number) => boolean;
  /** Tells the cell that the call has an outcome for `take`. May be called twice, if it is uncertain that the first call arrived. */
  readonly done: (execId: number) => void;
  /** Ends an asynchronous operation that is not wanted any more; its answer comes all the same. Does nothing for any other number. */
  readonly cancel: (callId: number) => void;
  readonly console: (level: ConsoleLevel, text: string) => Answer;
  readonly post: (...given: Given) => Answer;
  /** Calls a tool. The answer comes later through `settle`. */
  readonly tool: (callId: number, name: string, ...given: Given) => Answer;
  /** A negative time means the cell's next turn. Returns false if the guest has too many timers. */
  readonly timer: (id: number, milliseconds: number) => boolean;
  readonly clearTimer: (id: number) => void;
  /** Ends the process, because planted code was cut off on the way to a result that the guest waits for. */
  readonly broken: () => void;
}

/** What the isolate adds to it. */
export interface LibraryBridge {
  /** The source text of a part of the guest library; undefined for a name that is not a part's, or if it cannot be read. */
  readonly library: (name: string) => string | undefined;
}

/** An ES module as the cell plants it: see `es-module.ts`. */
export interface PlantedModule {
  /** Whether the module has a top-level `await`. */
  readonly isAsync: boolean;
  /** Specifiers of the modules that it imports. */
  readonly needs: readonly string[];
  /** Indices into `needs` of the modules that it exports as a whole (`export *`). */
  readonly stars: readonly number[];
  /** Names that a needed module must export: its index in `needs`, and the name. */
  readonly checks: readonly (readonly [index: number, name: string])[];
  /** Runs up to its first `yield` once its functions exist, telling how each export is read; then runs the module. `meta` is its `import.meta`. */
  readonly body: (
    modules: readonly { readonly namespace: object }[],
    expose: (exports: Readonly<Record<string, () => unknown>>) => void,
    meta: object,
  ) => Generator<undefined, void, undefined> | AsyncGenerator<undefined, void, undefined>;
}

/** What an error of the guest says. */
export type ErrorDetails = Omit<Failure, "denial">;

/** What a program's text is: that of a script, of one that is a CommonJS module, or of a function that stands for an ES module (see `Script`). */
export type ProgramForm = "script" | "commonjs" | "module";

/** How a call into the cell ended, in the form that leaves the isolate. */
export type Outcome =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Whether the value becomes undefined if it cannot travel, and no error. */
      readonly mayBeLost: boolean;
    }
  | ({
      readonly ok: false;
      readonly denial: string | null;
    } & ErrorDetails);

/** What the cell holds of the guest runtime; each member is an isolated-vm reference there. */
export interface GuestHandles {
  readonly run: (
    execId: number,
    source: string,
    form: ProgramForm,
    input: [unknown] | undefined,
  ) => void;
  readonly call: (execId: number, name: string, args: unknown[]) => void;
  readonly take: (execId: number) => Outcome;
  /** Takes the same outcome once more, made of plain values only. Throws a TypeError that names the value that cannot travel. */
  readonly takePlain: (execId: number) => Outcome;
  /** The value that the guest is passing, made of plain values only; throws as `takePlain` does. */
  readonly takePlainGiven: () => { readonly value: unknown };
  /** Makes the global `tools`, from a JSON list of names. */
  readonly offer: (names: string) => void;
  /** @param body What an answer cannot hold: bytes, or the value of a tool. */
  readonly settle: (callId: number, answer: Answer, body: unknown) => void;
  readonly fire: (timerId: number) => void;
  /** How many entries through `run`, `call`, `settle` and `fire` have ended. */
  readonly ended: () => number;
}
