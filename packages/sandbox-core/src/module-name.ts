import { isBuiltin } from "node:module";

/** The built-ins that a cell brokers; of Node's others, only those that the host supplies exist in it. */
export const BROKERED_BUILTINS: readonly string[] = [
  "node:fs",
  "node:fs/promises",
  "node:child_process",
  "node:crypto",
];

/** The one name of a module: Node's built-ins have their scheme. */
export function canonicalModule(name: string): string {
  return !name.startsWith("node:") && isBuiltin(name) ? `node:${name}` : name;
}
