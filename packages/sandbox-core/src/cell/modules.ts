import { canonicalModule } from "../module-name.ts";
import { asModule, type ModuleCode } from "./es-module.ts";
import type { Answer } from "./guest/bridge.ts";

/** Makes the sources that the host supplies ready for the guest runtime, each once. */
export class Modules {
  readonly #ready = new Map<string, { readonly source: string; readonly made: ModuleCode }>();

  /** The answer to a granted import: `c`, for CommonJS, or `m`, for an ES module, with the module's one name and its code. */
  answer(specifier: string, source: string): Answer {
    const name = canonicalModule(specifier);
    let ready = this.#ready.get(name);
    if (ready?.source !== source) {
      ready = { source, made: asModule(source) };
      this.#ready.set(name, ready);
    }
    return `${ready.made.esm ? "m" : "c"}${name}\n${ready.made.code}`;
  }
}
