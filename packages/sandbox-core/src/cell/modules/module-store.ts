import { canonicalModule } from "../../module-name.ts";
import { asModule, type ModuleCode } from "./es-module.ts";
import type { Answer } from "../guest/bridge.ts";

/** Makes the sources that the host supplies ready for the guest runtime, each once, and keeps them: the host sends each once. */
export class Modules {
  readonly #ready = new Map<string, ModuleCode>();

  /** A source that came with a grant. */
  keep(specifier: string, source: string): void {
    this.#ready.set(canonicalModule(specifier), asModule(source));
  }

  /**
   * The answer to a granted import: `c`, for CommonJS, or `m`, for an ES module, with the module's one name and its code.
   *
   * @throws Error where the host says that the cell has the source, and it does not.
   */
  answer(specifier: string): Answer {
    const name = canonicalModule(specifier);
    const ready = this.#ready.get(name);
    if (ready === undefined) throw new Error(`the source of a module is missing`);
    return `${ready.esm ? "m" : "c"}${name}\n${ready.code}`;
  }
}
