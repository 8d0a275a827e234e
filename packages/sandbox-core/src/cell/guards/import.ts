import { MAX_REQUEST_TARGET } from "../../frames.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";

/** The built-ins that a cell brokers; others do not exist in it. */
export const BROKERED_BUILTINS: readonly string[] = ["node:fs", "node:fs/promises", "node:child_process", "node:crypto"];

/** Names that mean a built-in without its scheme, as in Node. `path` has no authority: the host supplies its source. */
const BARE = new Set(["fs", "fs/promises", "child_process", "crypto", "path"]);

/** The one name of a module: Node's built-ins with their scheme. */
export function canonicalModule(name: string): string {
  return BARE.has(name) ? `node:${name}` : name;
}

/** Answers `b` and the built-in's name, or `s` and the source that the host supplied, for the module room to load. */
export const importModule: Guard = ([name]) => {
  if (typeof name !== "string" || name === "") throw new Malformed("the module's name is no text");
  if (name.length > MAX_REQUEST_TARGET || !name.isWellFormed() || name.includes("\0")) {
    throw new Malformed("the module's name is not a name", name.slice(0, MAX_REQUEST_TARGET).toWellFormed());
  }
  const target = canonicalModule(name);
  return {
    target,
    perform: (grant) => {
      if (BROKERED_BUILTINS.includes(target)) return `b${target}`;
      if (typeof grant.source === "string") return `s${grant.source}`;
      throw new Failed(`Cannot find module '${target}'`, { code: "MODULE_NOT_FOUND" });
    },
  };
};
