import { cleanText, quoted } from "./clean-text.ts";

/** Describes an untrusted value for a message: its text or kind, clean and short. Never throws. */
export function inWords(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return cleanText(String(value), 80);
  if (isThenable(value)) return "a promise; await it first";
  if (ArrayBuffer.isView(value)) return "bytes; decode them first";
  if (Array.isArray(value)) return "a list";
  return value instanceof Map || value instanceof Set ? "a Map or Set" : "an object";
}

/** Whether `await` would wait for the value. */
export function isThenable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { readonly then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
