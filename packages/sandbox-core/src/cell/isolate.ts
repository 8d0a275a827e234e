import ivm from "isolated-vm";

import type { Bridge, GuestHandles, Outcome } from "./guest/bridge.ts";
import { guestRuntime } from "./guest/runtime.ts";

/** Longest text of one console line, error message or stack, in UTF-16 code units. */
const MAX_TEXT = 8192;

/** Why an entry into the isolate did not end by itself. */
export type Overrun = "cpu" | "memory";

/** Resolves a module specifier to ES module source, a built-in's export names, or a refusal (thrown). */
export type Resolve = (specifier: string) => { readonly source: string } | { readonly builtin: string };

/** The guest's isolate: the one room that knows isolated-vm. */
export class GuestIsolate {
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #handles: Record<keyof GuestHandles, ivm.Reference>;

  constructor(memoryMib: number, bridge: Bridge, onCatastrophe: () => void) {
    this.#isolate = new ivm.Isolate({ memoryLimit: memoryMib, onCatastrophicError: onCatastrophe });
    this.#context = this.#isolate.createContextSync();
    const plant = this.#isolate
      .compileScriptSync(`(${guestRuntime.toString()})`, { filename: "pyisolate:guest" })
      .runSync(this.#context, { reference: true }) as ivm.Reference;
    const callbacks = this.#context.evalSync("({})", { reference: true }) as ivm.Reference<Record<string, unknown>>;
    for (const [name, callback] of Object.entries(bridge)) {
      callbacks.setSync(name, new ivm.Callback(callback as (...args: unknown[]) => unknown));
    }
    const handles = plant.applySync(
      undefined,
      [callbacks.derefInto({ release: true }), new ivm.ExternalCopy({ maxText: MAX_TEXT }).copyInto({ release: true })],
      { result: { reference: true } },
    ) as ivm.Reference<Record<string, unknown>>;
    const handle = (name: keyof GuestHandles): ivm.Reference =>
      handles.getSync(name, { reference: true }) as ivm.Reference;
    this.#handles = {
      run: handle("run"),
      call: handle("call"),
      take: handle("take"),
      takePost: handle("takePost"),
      settle: handle("settle"),
      fire: handle("fire"),
      receive: handle("receive"),
      builtin: handle("builtin"),
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

  run(execId: number, source: string, timeout: number): void {
    this.#handles.run.applySync(undefined, [execId, source], { timeout });
  }

  call(execId: number, name: string, args: readonly unknown[], timeout: number): void {
    const copy = new ivm.ExternalCopy(args).copyInto({ release: true });
    this.#handles.call.applySync(undefined, [execId, name, copy], { timeout });
  }

  /** @throws what the guest's getters throw, and TypeError for a value that structured clone cannot carry. */
  take(execId: number, timeout: number): Outcome {
    return this.#handles.take.applySync(undefined, [execId], { timeout, result: { copy: true } }) as Outcome;
  }

  takePost(): unknown {
    return this.#handles.takePost.applySync(undefined, [], { result: { copy: true } });
  }

  settle(callId: number, answer: unknown, body: Uint8Array | undefined, timeout: number): void {
    this.#handles.settle.applySync(undefined, [callId, this.bytesOut(answer), this.bytesOut(body)], { timeout });
  }

  fire(timerId: number, timeout: number): void {
    this.#handles.fire.applySync(undefined, [timerId], { timeout });
  }

  /** Bytes in a form that arrives in the guest as a Uint8Array of its own. */
  bytesOut(value: unknown): unknown {
    // Copied first: a small Buffer is a view of a pool, and the copy into the isolate takes the whole of what it views.
    return value instanceof Uint8Array ? new ivm.ExternalCopy(new Uint8Array(value)).copyInto({ release: true }) : value;
  }

  /**
   * Loads an ES module and what it imports, and hands its namespace to the guest runtime.
   *
   * @throws what `resolve` throws, and what the module throws while it is evaluated.
   */
  loadModule(name: string, source: string, resolve: Resolve): void {
    const modules = new Map<string, ivm.Module>();
    const compile = (specifier: string): ivm.Module => {
      const known = modules.get(specifier);
      if (known !== undefined) return known;
      const found = resolve(specifier);
      const module =
        "builtin" in found
          ? this.#builtinModule(found.builtin)
          : this.#isolate.compileModuleSync(found.source, { filename: specifier });
      modules.set(specifier, module);
      return module;
    };
    const entry = this.#isolate.compileModuleSync(source, { filename: name });
    modules.set(name, entry);
    const receive = this.#holder(this.#handles.receive, "export const receive = held;");
    const outer = this.#isolate.compileModuleSync(
      `import { receive } from "receive"; import * as entry from "entry"; receive(entry);`,
      { filename: "pyisolate:import" },
    );
    outer.instantiateSync(this.#context, (specifier, referrer) => {
      if (referrer === outer) return specifier === "receive" ? receive : entry;
      return compile(specifier);
    });
    outer.evaluateSync();
  }

  #builtinModule(name: string): ivm.Module {
    const value = this.#handles.builtin.applySync(undefined, [name], { result: { reference: true } }) as ivm.Reference;
    const keys = this.#context.evalClosureSync("return Object.keys($0)", [value.derefInto()], {
      result: { copy: true },
    }) as string[];
    const names = keys.map((key) => `export const ${key} = held.${key};`).join(" ");
    return this.#holder(value, `export default held; ${names}`);
  }

  /** A module whose text can name `held`. No guest code runs while the value is reachable by its passing name. */
  #holder(value: ivm.Reference, exports: string): ivm.Module {
    const passing = "__pyisolate_held__";
    this.#context.global.setSync(passing, value.derefInto());
    try {
      const module = this.#isolate.compileModuleSync(
        `const held = globalThis.${passing}; delete globalThis.${passing}; ${exports}`,
        { filename: "pyisolate:module" },
      );
      module.instantiateSync(this.#context, () => {
        throw new Error("imports nothing");
      });
      module.evaluateSync();
      return module;
    } finally {
      this.#context.global.deleteSync(passing);
    }
  }

  /** Whether a text is a program by V8's own word, and if not, why. */
  syntaxError(source: string): Error | undefined {
    try {
      this.#isolate.compileScriptSync(source, { filename: "guest.js" });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
