import type { ModuleKind } from "../../frames.ts";
import { canonicalModule } from "../../module-name.ts";
import type { Answer } from "../guest/bridge.ts";

/** Keeps the modules that the host supplies: it sends each only once. */
export class Modules {
  /** By name: the answer to its import. */
  readonly #answers = new Map<string, string>();

  /**
   * What the guest gets for a granted import, by the first letter of the answer: for `s`, a module that came with the grant and is
   * kept, and for `k`, one that is known, it is `c` (CommonJS) or `m` (ES module), the module's canonical name and its code.
   *
   * @throws Error if the host says that the cell has the module, and the cell does not have it.
   */
  answered(specifier: string, answer: string): Answer {
    if (!/^[sk]/.test(answer)) return answer;
    const name = canonicalModule(specifier);
    if (answer.startsWith("s")) {
      const code = answer.slice(2);
      const made =
        (answer[1] as ModuleKind) === "j"
          ? `c${name}\n${asJson(code)}`
          : `${answer[1]}${name}\n${code}`;
      this.#answers.set(name, made);
    }
    const kept = this.#answers.get(name);
    if (kept === undefined) throw new Error(`the source of a module is missing`);
    return kept;
  }
}

/** A module whose name ends in `.json` is data. */
const asJson = (text: string): string =>
  `module.exports = JSON.parse(${JSON.stringify(text.replace(/^\ufeff/, ""))})`;
