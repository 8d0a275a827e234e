import { canonicalModule } from "../../module-name.ts";
import { asModule, type ModuleCode } from "./es-module.ts";
import type { Answer } from "../guest/bridge.ts";

/** Compiles the sources that the host supplies, each once, and keeps them: the host sends each source only once. */
export class Modules {
  readonly #ready = new Map<string, ModuleCode>();

  /**
   * What the guest gets for a granted import, by the first letter of the answer: for `s`, a source that came with the grant and is
   * kept, and for `k`, one that is known, it is `c` (CommonJS) or `m` (ES module), the module's canonical name and its code.
   *
   * @throws Error if the host says that the cell has the source, and the cell does not have it.
   */
  answered(specifier: string, answer: string): Answer {
    if (!/^[sk]/.test(answer)) return answer;
    const name = canonicalModule(specifier);
    const source = answer.slice(1);
    if (answer.startsWith("s"))
      this.#ready.set(name, name.endsWith(".json") ? asJson(source) : asModule(source));
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
