import { MAX_REQUEST_TARGET } from "../../frames.ts";
import { LIBRARY_MODULES } from "../../library-parts.ts";
import { BROKERED_BUILTINS, canonicalModule } from "../../module-name.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";

/** Answers `b` and the name of a built-in, `s`, the letter of its kind and the code of a module that the host supplies, or `k` if the cell already has it. */
export const importModule: Guard = ([name, isImport]) => {
  if (typeof name !== "string" || name === "") throw new Malformed("the module's name is not text");
  if (name.length > MAX_REQUEST_TARGET || !name.isWellFormed() || name.includes("\0")) {
    throw new Malformed(
      "the module's name is not a name",
      name.slice(0, MAX_REQUEST_TARGET).toWellFormed(),
    );
  }
  const target = canonicalModule(name);
  return {
    target: target.slice(0, MAX_REQUEST_TARGET),
    perform: (grant) => {
      if (BROKERED_BUILTINS.includes(target)) return `b${target}`;
      if (grant.unloadable !== undefined) throw new Failed(grant.unloadable);
      if (grant.module === undefined) return "k";
      if (grant.module !== null) return `s${grant.module.kind}${grant.module.code}`;
      if (LIBRARY_MODULES.includes(target)) return `b${target}`;
      // Node has a code for `require`, and one for `import` in either form.
      const code = isImport === true ? "ERR_MODULE_NOT_FOUND" : "MODULE_NOT_FOUND";
      throw new Failed(`Cannot find module '${target}'`, { code });
    },
  };
};
