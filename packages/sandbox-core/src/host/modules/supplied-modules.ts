import { inWords, mustBe, mustHold } from "@pyisolate/policy/options";

import { BROKERED_BUILTINS, canonicalModule } from "../../module-name.ts";

const source = mustBe("source text", (value) => typeof value === "string");

/**
 * The modules that a host gives to its guests, by canonical name: `os` and `node:os` are one module.
 *
 * @throws TypeError for a value that is not source text, for a module that cells broker themselves, and for one that is given
 *   twice.
 */
export function suppliedModules(
  given: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  for (const [written, text] of Object.entries(given)) {
    const name = canonicalModule(written);
    const called = `the module ${inWords(written)}`;
    if (BROKERED_BUILTINS.includes(name)) {
      throw new TypeError(`${called} cannot be supplied: cells have a brokered ${name}`);
    }
    mustHold(called, text, source);
    if (modules.has(name)) throw new TypeError(`${called} is given twice: it is ${name}`);
    modules.set(name, text);
  }
  return modules;
}
