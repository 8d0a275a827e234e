import { readFileSync } from "node:fs";

import ivm from "isolated-vm";

import { MAX_NESTED_ERRORS, MAX_NESTED_TEXT } from "../failure-frame.ts";
import type { Answer, Bridge, GuestHandles, Outcome, ProgramForm } from "./guest/bridge.ts";
import { GUEST_FILE, GUEST_RUNTIME } from "./guest/runtime.ts";
import { libraryText } from "./library-file.ts";
import { PROGRAM, syntaxProblem, type SyntaxProblem } from "../modules/syntax-problem.ts";

/** The limits of the guest runtime. Its texts are in UTF-16 code units; `maxText` is for a console line, an error's message and stack. */
const LIMITS = { maxText: 8192, maxNested: MAX_NESTED_ERRORS, maxNestedText: MAX_NESTED_TEXT };

/** Which limit cut off an entry into the isolate. */
export type Overrun = "cpu" | "memory";

/** The guest's isolate. No other module of the package imports isolated-vm. */
export class GuestIsolate {
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #handles: Record<keyof GuestHandles, ivm.Reference>;

  constructor(memoryMib: number, bridge: Bridge) {
    // Do not set `onCatastrophicError`: when V8 finds no memory at all, isolated-vm would call it in a turn of this thread, which
    // it has put to sleep. Without it, V8 aborts the process and says why.
    this.#isolate = new ivm.Isolate({ memoryLimit: memoryMib });
    this.#context = this.#isolate.createContextSync();
    const plant = this.#isolate
      .compileScriptSync(GUEST_RUNTIME, { filename: GUEST_FILE, ...compiled() })
      .runSync<{ reference: true }>(this.#context, { reference: true });
    const callbacks = this.#context.evalSync("({})", { reference: true }) as ivm.Reference<
      Record<string, unknown>
    >;
    for (const [name, callback] of Object.entries({ ...bridge, library: libraryText })) {
      callbacks.setSync(name, new ivm.Callback(callback as (...args: unknown[]) => unknown));
    }
    const handles = plant.applySync(
      undefined,
      [
        callbacks.derefInto({ release: true }),
        new ivm.ExternalCopy(LIMITS).copyInto({ release: true }),
      ],
      { result: { reference: true } },
    ) as ivm.Reference<Record<string, unknown>>;
    const handle = (name: keyof GuestHandles): ivm.Reference =>
      handles.getSync(name, { reference: true }) as ivm.Reference;
    this.#handles = {
      run: handle("run"),
      call: handle("call"),
      take: handle("take"),
      takePlain: handle("takePlain"),
      takePlainGiven: handle("takePlainGiven"),
      offer: handle("offer"),
      settle: handle("settle"),
      fire: handle("fire"),
      ended: handle("ended"),
    };
    plant.release();
    handles.release();
  }

  /** CPU time that the guest has used so far, milliseconds. */
  get cpuMs(): number {
    return Number(this.#isolate.cpuTime) / 1e6;
  }

  get isDisposed(): boolean {
    return this.#isolate.isDisposed;
  }

  /**
   * How many entries have ended. An exception out of an entry that has not ended is ours; out of one that has, it is an unhandled
   * rejection of the guest.
   */
  entriesEnded(): number {
    return this.#handles.ended.applySync(undefined, []) as number;
  }

  /** What the engine refuses in a text, without running it; undefined for a text that it takes. */
  problemIn(text: string, kind: "script" | "module"): SyntaxProblem | undefined {
    const options = { filename: PROGRAM };
    try {
      const made =
        kind === "script"
          ? this.#isolate.compileScriptSync(text, options)
          : this.#isolate.compileModuleSync(text, options);
      made.release();
      return undefined;
    } catch (error) {
      const problem = syntaxProblem(error);
      if (problem === undefined) throw error;
      return problem;
    }
  }

  /**
   * @param input What the program gets as `input`, in a list; undefined if it gets none.
   */
  run(
    execId: number,
    source: string,
    form: ProgramForm,
    input: [unknown] | undefined,
    timeout: number,
  ): void {
    const copy = input && new ivm.ExternalCopy(input).copyInto({ release: true });
    this.#enter("run", [execId, source, form, copy], timeout);
  }

  call(execId: number, name: string, args: readonly unknown[], timeout: number): void {
    const copy = new ivm.ExternalCopy(args).copyInto({ release: true });
    this.#enter("call", [execId, name, copy], timeout);
  }

  /**
   * Copies the outcome of a call out of the isolate. Runs guest code only with `plain`.
   *
   * @param plain Takes the outcome that was taken last once more, made of plain values through the guest's own getters. Needed
   *   for outcomes that cannot be copied as they are.
   * @throws for an outcome that cannot be copied, such as a getter or a function; with `plain`, a TypeError that names the value
   *   and its place.
   */
  take(execId: number, plain: boolean, timeout: number): Outcome {
    // Set a time limit only if guest code may run: a limit wakes a thread of isolated-vm, which costs as much as copying a small
    // result.
    const [handle, bound] = plain
      ? [this.#handles.takePlain, { timeout }]
      : [this.#handles.take, {}];
    return handle.applySync(undefined, [execId], { ...bound, result: { copy: true } }) as Outcome;
  }

  /** The value that the guest is passing and that could not be copied as it is, made of plain values; see {@link take}. */
  takeGiven(): unknown {
    const { value } = this.#handles.takePlainGiven.applySync(undefined, [], {
      result: { copy: true },
    }) as { readonly value: unknown };
    return value;
  }

  /** Gives the guest the global `tools`. */
  offer(names: readonly string[]): void {
    this.#handles.offer.applySync(undefined, [JSON.stringify(names)]);
  }

  settle(callId: number, answer: unknown, body: Uint8Array | undefined, timeout: number): void {
    this.#settle([callId, ownBytes(answer), ownBytes(body)], timeout);
  }

  /** @param answer A failure or a refusal; undefined for a value. */
  settleTool(callId: number, answer: Answer, value: unknown, timeout: number): void {
    // In a list: isolated-vm ends the process over a Float16Array that is an argument by itself.
    this.#settle([callId, answer, [value]], timeout);
  }

  #settle(args: unknown[], timeout: number): void {
    // No ExternalCopy: each is garbage that only a collection with weak references can take, which costs as much as the rest of a call.
    this.#handles.settle.applySync(undefined, args, {
      timeout,
      arguments: { copy: true },
    });
  }

  fire(timerId: number, timeout: number): void {
    this.#enter("fire", [timerId], timeout);
  }

  #enter(handle: keyof GuestHandles, args: unknown[], timeout: number): void {
    this.#handles[handle].applySync(undefined, args, { timeout });
  }
}

/** Bytes alone in their buffer: a small Buffer is a view of a pool, and isolated-vm would copy the whole pool into the isolate. */
export function ownBytes<V>(value: V): V | Uint8Array {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/** The planted code in compiled form, from a file beside the bundle. V8 compiles the text if there is none, or if it is another V8's. */
function compiled(): { cachedData?: ivm.ExternalCopy<ArrayBuffer> } {
  try {
    const { buffer } = new Uint8Array(readFileSync(new URL("./guest.cache", import.meta.url)));
    return { cachedData: new ivm.ExternalCopy(buffer) };
  } catch {
    return {};
  }
}
