import type { NestedError } from "../../failure-frame.ts";
import type { ErrorDetails } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";

/**
 * Reads what an error says, with its causes and the errors that it stands for. All of it may be the guest's getters and proxies:
 * what throws is left out, and texts and their number are bounded. Planted by its source text.
 */
export function errorDetails(
  { isArray, own, slice, text }: Primordials,
  limits: {
    readonly maxText: number;
    readonly maxNested: number;
    readonly maxNestedText: number;
  },
) {
  function get(value: object, name: string): unknown {
    try {
      return (value as Record<string, unknown>)[name];
    } catch {
      return undefined;
    }
  }

  function read(value: object, name: string, fallback: string, most: number): string {
    const field = get(value, name);
    return typeof field === "string" ? slice(field, 0, most) : fallback;
  }

  function codeOf(value: object): string {
    const code = get(value, "code");
    if (typeof code === "number") return `n${text(code)}`;
    return typeof code === "string" ? `s${slice(code, 0, 128)}` : "";
  }

  const isObject = (value: unknown): value is object =>
    (typeof value === "object" && value !== null) || typeof value === "function";

  function nestedOf(value: unknown, of: number, as: NestedError["as"]): NestedError {
    const most = limits.maxNestedText;
    if (isObject(value))
      return {
        kind: "e",
        of,
        as,
        name: read(value, "name", "Error", most),
        message: read(value, "message", "", most),
        stack: read(value, "stack", "", most),
        code: codeOf(value),
      };
    const isConstant = value === null || typeof value === "boolean";
    const kind = isConstant ? "c" : typeof value === "number" ? "n" : "t";
    return { kind, of, as, name: "", message: slice(text(value), 0, most), stack: "", code: "" };
  }

  /** The causes and errors of an error and of those, breadth first, each object once. */
  function nestedIn(error: object): readonly NestedError[] {
    const nested: NestedError[] = [];
    const met: unknown[] = [];
    own(met, "0", error, true);
    const add = (value: unknown, of: number, as: NestedError["as"]): void => {
      if (nested.length === limits.maxNested) return;
      if (isObject(value))
        for (let index = 0; index < met.length; index++) if (met[index] === value) return;
      own(met, text(met.length), value, true);
      own(nested, text(nested.length), nestedOf(value, of, as), true);
    };
    try {
      for (let of = 0; of < met.length; of++) {
        const value = met[of];
        if (!isObject(value)) continue;
        const cause = get(value, "cause");
        if (cause !== undefined) add(cause, of, "cause");
        const errors = get(value, "errors");
        if (!isArray(errors)) continue;
        for (let index = 0; index < errors.length && index < limits.maxNested; index++)
          add(errors[index], of, "errors");
      }
    } catch {
      // What was read until then stands.
    }
    return nested;
  }

  return (error: object): ErrorDetails => ({
    name: read(error, "name", "Error", limits.maxText),
    message: read(error, "message", "", limits.maxText),
    stack: read(error, "stack", "", limits.maxText),
    code: codeOf(error),
    nested: nestedIn(error),
  });
}
