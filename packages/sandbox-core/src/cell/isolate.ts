import ivm from "isolated-vm";

import type { Bridge, GuestHandles, Outcome } from "./guest/bridge.ts";
import { GUEST_RUNTIME } from "./guest/runtime.ts";

/** Longest text of one console line, error message or stack, in UTF-16 code units. */
const MAX_TEXT = 8192;

/** Why an entry into the isolate did not end by itself. */
export type Overrun = "cpu" | "memory";

/** The guest's isolate: the one room that knows isolated-vm. */
export class GuestIsolate {
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #handles: Record<keyof GuestHandles, ivm.Reference>;

  constructor(memoryMib: number, bridge: Bridge) {
    // Without `onCatastrophicError`: where V8 finds no memory at all, isolated-vm would call it in a turn of this very thread,
    // which it has put to sleep. V8 aborts the process instead, and says why.
    this.#isolate = new ivm.Isolate({ memoryLimit: memoryMib });
    this.#context = this.#isolate.createContextSync();
    const plant = this.#isolate
      .compileScriptSync(GUEST_RUNTIME, { filename: "pyisolate:guest" })
      .runSync<{ reference: true }>(this.#context, { reference: true });
    const callbacks = this.#context.evalSync("({})", { reference: true }) as ivm.Reference<
      Record<string, unknown>
    >;
    for (const [name, callback] of Object.entries(bridge)) {
      callbacks.setSync(name, new ivm.Callback(callback as (...args: unknown[]) => unknown));
    }
    const handles = plant.applySync(
      undefined,
      [
        callbacks.derefInto({ release: true }),
        new ivm.ExternalCopy({ maxText: MAX_TEXT }).copyInto({ release: true }),
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
      takePost: handle("takePost"),
      takePlainPost: handle("takePlainPost"),
      settle: handle("settle"),
      fire: handle("fire"),
      ended: handle("ended"),
    };
    plant.release();
    handles.release();
  }

  /** CPU time that the guest has used so far, milliseconds. */
  get cpuMs(): number {
    return Number(this.#isolate.cpuTime / 1000n) / 1000;
  }

  get isDisposed(): boolean {
    return this.#isolate.isDisposed;
  }

  /** How many entries have come to their end. What is thrown out of another is ours; out of these, a rejection of the guest's. */
  entriesEnded(): number {
    return this.#handles.ended.applySync(undefined, []) as number;
  }

  run(execId: number, source: string, timeout: number): void {
    this.#enter("run", [execId, source], timeout);
  }

  call(execId: number, name: string, args: readonly unknown[], timeout: number): void {
    const copy = new ivm.ExternalCopy(args).copyInto({ release: true });
    this.#enter("call", [execId, name, copy], timeout);
  }

  /**
   * The outcome of a call, copied out of the isolate; no guest code runs.
   *
   * @param plain Takes the one that was taken last once more, made of plain values by the guest's own getters: for what cannot
   * be copied as it is.
   * @throws for what cannot be copied, a getter and a function for two; with `plain`, a TypeError that says what and where.
   */
  take(execId: number, plain: boolean, timeout: number): Outcome {
    // A time limit wakes a thread of isolated-vm's, which costs as much as the copy of a small result, and stops guest code only.
    const [handle, bound] = plain
      ? [this.#handles.takePlain, { timeout }]
      : [this.#handles.take, {}];
    return handle.applySync(undefined, [execId], { ...bound, result: { copy: true } }) as Outcome;
  }

  /** The message that the guest is posting: as {@link take}. */
  takePost(plain: boolean): unknown {
    const handle = plain ? this.#handles.takePlainPost : this.#handles.takePost;
    const { value } = handle.applySync(undefined, [], { result: { copy: true } }) as {
      readonly value: unknown;
    };
    return value;
  }

  settle(callId: number, answer: unknown, body: Uint8Array | undefined, timeout: number): void {
    this.#enter("settle", [callId, this.bytesOut(answer), this.bytesOut(body)], timeout);
  }

  fire(timerId: number, timeout: number): void {
    this.#enter("fire", [timerId], timeout);
  }

  #enter(handle: keyof GuestHandles, args: unknown[], timeout: number): void {
    this.#handles[handle].applySync(undefined, args, { timeout });
  }

  /** Bytes in a form that arrives in the guest as a Uint8Array of its own. */
  bytesOut(value: unknown): unknown {
    // Copied first: a small Buffer is a view of a pool, and the copy into the isolate takes the whole of what it views.
    return value instanceof Uint8Array
      ? new ivm.ExternalCopy(new Uint8Array(value)).copyInto({ release: true })
      : value;
  }
}
