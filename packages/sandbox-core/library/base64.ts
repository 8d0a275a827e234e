import { fromByteArray, toByteArray } from "base64-js";

import { DOMException } from "./event-target.ts";

/** The text, of which each character is a byte, in Base64. */
export function btoa(...args: unknown[]): string {
  const text = onlyArgument(args);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 255) throw invalid("Invalid character");
    bytes[at] = unit;
  }
  return fromByteArray(bytes);
}

/** The bytes, a character each, of "forgiving" Base64 (Infra standard). */
export function atob(...args: unknown[]): string {
  let text = onlyArgument(args).replaceAll(/[\t\n\f\r ]/g, "");
  if (text.length % 4 === 0) text = text.replace(/={1,2}$/, "");
  if (/[^+/0-9A-Za-z]/.test(text)) throw invalid("Invalid character");
  if (text.length % 4 === 1) throw invalid("The string to be decoded is not correctly encoded.");
  let out = "";
  for (const byte of toByteArray(text + "=".repeat((4 - (text.length % 4)) % 4)))
    out += String.fromCharCode(byte);
  return out;
}

const invalid = (message: string): DOMException =>
  new DOMException(message, "InvalidCharacterError");

function onlyArgument(args: readonly unknown[]): string {
  if (args.length === 0) {
    const error = new TypeError('The "input" argument must be specified');
    throw Object.assign(error, { code: "ERR_MISSING_ARGS" });
  }
  return String(args[0]);
}
