import { isBuiltin } from "node:module";

/** The built-ins that a cell brokers. Of Node's other built-ins, a cell has only those that the host supplies. */
export const BROKERED_BUILTINS: readonly string[] = [
  "node:fs",
  "node:fs/promises",
  "node:child_process",
  "node:crypto",
];

/** The canonical name of a module: Node's built-ins get the prefix `node:`. */
export function canonicalModule(name: string): string {
  return !name.startsWith("node:") && isBuiltin(name) ? `node:${name}` : name;
}
