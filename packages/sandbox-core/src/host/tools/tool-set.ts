import { isToolName } from "@pyisolate/policy";
import { functionOf, inWords, mustBe, mustHold, optionsOf } from "@pyisolate/policy/options";

import { thrownText } from "../thrown-text.ts";
import type { Tool, ToolHandler, Tools, ToolSchema } from "./tool.ts";

/** Most tools of one cell. Their names are sent to it when it is spawned. */
const MAX_TOOLS = 1000;

/** One tool, as it was checked. */
export interface CheckedTool {
  readonly name: string;
  readonly handler: ToolHandler;
  readonly schema: ToolSchema | undefined;
  /** What of it the operator has been told: that its handler failed, that its schema threw. */
  readonly warned: Set<string>;
}

/** Tells the operator, of each tool once what its handler throws and once what its schema does: a guest may make one throw without end. */
export function warnOnce(tool: CheckedTool, what: string, error: unknown): void {
  if (tool.warned.has(what)) return;
  tool.warned.add(what);
  process.emitWarning(`${what}: ${thrownText(error)} (told once)`, "PyIsolateWarning");
}

/** Tools by name. */
export type ToolSet = ReadonlyMap<string, CheckedTool>;

/**
 * Checks the tools of a supervisor or a cell.
 *
 * @param more Tools that are there already; those given replace those of their names.
 * @throws TypeError for a name that a guest could not write after `tools.`, and for a value that is not a tool.
 */
export function toolSet(given: Tools, more: ToolSet = new Map()): ToolSet {
  const tools = new Map(more);
  for (const [name, tool] of Object.entries(given)) {
    if (!isToolName(name))
      throw new TypeError(
        `the tool ${inWords(name)} must be named as in "crm.lookup": names of JavaScript with dots between them, at most 128 characters, and none of them __proto__, constructor, prototype or then`,
      );
    mustHold(`the tool ${inWords(name)}`, tool, isTool);
    const { handler, schema } = typeof tool === "function" ? { handler: tool } : tool;
    tools.set(name, { name, handler, schema, warned: new Set() });
  }
  if (tools.size > MAX_TOOLS)
    throw new TypeError(`a cell can have ${MAX_TOOLS} tools, and these are ${tools.size}`);
  for (const name of tools.keys()) mustBeNoFolder(name, tools);
  return tools;
}

/** Refuses a tool `crm` beside `crm.lookup`: for the guest, `tools.crm` is either a function or an object with `lookup`. */
function mustBeNoFolder(name: string, tools: ToolSet): void {
  for (let at = name.indexOf("."); at !== -1; at = name.indexOf(".", at + 1)) {
    const folder = name.slice(0, at);
    if (tools.has(folder))
      throw new TypeError(
        `the tool ${inWords(folder)} cannot be beside the tool ${inWords(name)}: for a guest, tools.${folder} is either a function or holds others`,
      );
  }
}

const handler = functionOf("a value and { cell, signal }");

const schema = mustBe("a schema with a method ~standard.validate (Standard Schema)", (value) => {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  const { "~standard": standard } = value as { readonly "~standard"?: unknown };
  return (
    typeof standard === "object" &&
    standard !== null &&
    typeof (standard as { readonly validate?: unknown }).validate === "function"
  );
});

const withSchema = optionsOf<Exclude<Tool, ToolHandler>>(
  "a function, or { handler, schema }",
  { handler, schema },
  ["handler"],
);

function isTool(tool: unknown): string | undefined {
  return typeof tool === "function" ? undefined : withSchema(tool);
}
