import { cleanText } from "@pyisolate/policy";

import { type CheckedTool, warnOnce } from "./tool-set.ts";

/** Most faults of an argument that its guest is told of. */
const MAX_ISSUES = 3;
/** Longest text of one of them, and of the place in the argument, in UTF-16 code units: a schema may repeat what the guest gave. */
const MAX_ISSUE = 128;

/** An argument as its schema gives it, or why it is refused, if the schema says. */
type Fitting = { readonly value: unknown } | { readonly because: string | undefined };

/** Puts an argument to the tool's schema. What the schema throws refuses the argument too. */
export async function fit(tool: CheckedTool, value: unknown): Promise<Fitting> {
  const { schema } = tool;
  if (schema === undefined) return { value };
  try {
    const result = await schema["~standard"].validate(value);
    // Without this line, a schema that gives false, say, would let the handler run.
    if (!("issues" in result) && !("value" in result)) throw new TypeError("it gave no result");
    return result.issues === undefined
      ? { value: result.value }
      : {
          because: `the argument does not fit: ${result.issues.slice(0, MAX_ISSUES).map(inWords).join("; ")}`,
        };
  } catch (error) {
    // It is no fault of the guest's that a schema fails: without a word the operator would look there.
    warnOnce(tool, `the schema of the tool "${tool.name}" threw, so the call is refused`, error);
    return { because: undefined };
  }
}

/** An issue of Standard Schema: a message, and the way to the place, as keys or as objects with one. */
function inWords(issue: object): string {
  const { message, path } = issue as { readonly message?: unknown; readonly path?: unknown };
  const keys = Array.isArray(path) ? (path as readonly unknown[]).map(keyOf) : [];
  const said = cleanText(String(message), MAX_ISSUE);
  return keys.length === 0 ? said : `${cleanText(keys.join("."), MAX_ISSUE)}: ${said}`;
}

function keyOf(segment: unknown): string {
  return String(
    typeof segment === "object" && segment !== null && "key" in segment ? segment.key : segment,
  );
}
