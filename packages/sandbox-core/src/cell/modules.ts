import type { Answer } from "./guest/bridge.ts";
import { BROKERED_BUILTINS, canonicalModule } from "./guards/import.ts";
import type { GuestIsolate } from "./isolate.ts";
import { asModule } from "./program.ts";

/**
 * Makes a granted module's source available to the guest: `c` and the source of a CommonJS module, which the guest runtime
 * runs, or `n` after an ES module has handed over its namespace. What it imports in turn is asked for, each by its name.
 */
export function loadSource(
  guest: GuestIsolate,
  name: string,
  source: string,
  ask: (specifier: string) => Answer,
): Answer {
  const { code, esm } = asModule(source);
  if (!esm) return `c${code}`;
  let unresolved: Answer;
  try {
    guest.loadModule(canonicalModule(name), code, (specifier) => {
      const answer = ask(specifier);
      if (typeof answer === "string") {
        if (answer.startsWith("b") && BROKERED_BUILTINS.includes(answer.slice(1))) return { builtin: answer.slice(1) };
        if (answer.startsWith("s")) {
          const imported = asModule(answer.slice(1));
          if (imported.esm) return { source: imported.code };
          // A CommonJS module seen from an ES module: its exports are the default.
          return { source: `const module = { exports: {} }; ((module, exports) => {${imported.code}\n})(module, module.exports); export default module.exports;` };
        }
      }
      unresolved = answer;
      throw new Error("not resolved");
    });
    return "n";
  } catch (error) {
    // The refusal or failure of an import is the answer to what imported it.
    if (unresolved !== undefined) return unresolved;
    return `e${JSON.stringify({ message: error instanceof Error ? `${error.name}: ${error.message}` : "the module failed" })}`;
  }
}
