import { canonicalModule } from "../../module-name.ts";
import { asModule, type ModuleCode } from "./es-module.ts";
import type { Answer } from "../guest/bridge.ts";

/** Compiles the sources that the host supplies, each once, and keeps them: the host sends each source only once. */
export class Modules {
  readonly #ready = new Map<string, ModuleCode>();

  /** Keeps a source that came with a grant. */
  keep(specifier: string, source: string): void {
    const name = canonicalModule(specifier);
    this.#ready.set(name, name.endsWith(".json") ? asJson(source) : asModule(source));
  }

  /**
   * The answer to a granted import: `c` (CommonJS) or `m` (ES module), the module's canonical name and its code.
   *
   * @throws Error if the host says that the cell has the source, and the cell does not have it.
   */
  answer(specifier: string): Answer {
    const name = canonicalModule(specifier);
    const ready = this.#ready.get(name);
    if (ready === undefined) throw new Error(`the source of a module is missing`);
    return `${ready.esm ? "m" : "c"}${name}\n${ready.code}`;
  }
}

/** A module whose name ends in `.json` is data. */
const asJson = (source: string): ModuleCode => ({
  esm: false,
  code: `module.exports = JSON.parse(${JSON.stringify(source.replace(/^\ufeff/, ""))})`,
});
