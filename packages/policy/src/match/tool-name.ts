/** Longest name of a tool, in UTF-16 code units. */
export const MAX_TOOL_NAME = 128;

/** Parts of a name that mean something to every object, or would make `tools` itself a promise. */
const RESERVED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype", "then"]);

const PART = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/**
 * Whether a function of the host may be named so: names of JavaScript with dots between them, such as `crm.lookup`, as a guest
 * writes them after `tools.`; at most 128 characters.
 */
export function isToolName(name: unknown): name is string {
  return (
    typeof name === "string" &&
    name.length <= MAX_TOOL_NAME &&
    name.split(".").every((part) => PART.test(part) && !RESERVED.has(part))
  );
}

/** A tool's name as it is; null for text that names none. */
export function canonicalTool(target: string): string | null {
  return isToolName(target) ? target : null;
}
