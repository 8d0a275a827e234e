import { isBuiltin } from "node:module";

import { canonicalHost } from "./canonical-host.ts";
import { MAX_PATH_LENGTH } from "./path-pattern.ts";
import { MAX_TARGET } from "./target-pattern.ts";

/**
 * A path in the form that the matchers take: absolute, well-formed, without NUL and without `.`, `..` or empty segments. One
 * final slash is dropped. Null for any other path, which no allow rule covers.
 */
export function canonicalPath(target: string): string | null {
  const { length } = target;
  if (length > MAX_PATH_LENGTH || target.charCodeAt(0) !== SLASH) return null;
  // The current segment so far: 0 empty, 1 ".", 2 "..", 3 anything else.
  let segment = 0;
  for (let at = 1; at < length; at += 1) {
    const code = target.charCodeAt(at);
    if (code === SLASH) {
      if (segment < 3) return null;
      segment = 0;
    } else if (code === 0) return null;
    else if (code !== DOT) segment = 3;
    else if (segment < 3) segment += 1;
  }
  if (segment === 1 || segment === 2) return null;
  // Refuse lone surrogates: the kernel would get another name.
  if (!target.isWellFormed()) return null;
  return segment === 0 && length > 1 ? target.slice(0, -1) : target;
}

const SLASH = 47;
const DOT = 46;

/** `host:port` in the one spelling that the matchers know; null if the host or the port is malformed. */
export function canonicalEndpoint(target: string): string | null {
  const colon = target.lastIndexOf(":");
  const port = target.slice(colon + 1);
  const number = portNumber(port);
  if (colon < 1 || number < 0) return null;
  const host = target.slice(0, colon);
  // Without brackets, nothing tells where an IPv6 address ends and the port begins.
  if (host.charCodeAt(0) !== BRACKET && host.includes(":")) return null;
  const canonical = canonicalHost(host);
  if (canonical === null) return null;
  // Usually the target is its own canonical spelling, and nothing is allocated.
  return canonical === host && port.charCodeAt(0) !== ZERO ? target : `${canonical}:${number}`;
}

const BRACKET = 91;
const ZERO = 48;

/** Parses a port from 1 to 65535; -1 for other text. */
export function portNumber(text: string): number {
  if (text.length < 1 || text.length > 5) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value >= 1 && value <= 65_535 ? value : -1;
}

/**
 * A module name: a package or built-in with its sub-paths, in printable ASCII. Relative and absolute paths do not match. `node:`
 * is the only prefix allowed: with any other, the name is a URL, such as `file:tmp/x.mjs`.
 */
export const MODULE_NAME =
  /^(?!.{257})(?!.*(?:^|[/:])\.{0,2}(?:\/|$))(?:node:)?[A-Za-z0-9@_][A-Za-z0-9@_./~+-]*$/;

/** A module's canonical name. Built-ins get their `node:`, because `fs` and `node:fs` are one module. */
export function canonicalModule(target: string): string | null {
  if (!MODULE_NAME.test(target)) return null;
  return target.startsWith("node:") || !isBuiltin(target) ? target : `node:${target}`;
}

const CONTROL = /\p{Cc}/u;

/** The target of a declared capability as it is; null if it is too long, has a control character, or is not well-formed Unicode. */
export function canonicalTarget(target: string): string | null {
  const isTaken = target.length <= MAX_TARGET && !CONTROL.test(target) && target.isWellFormed();
  return isTaken ? target : null;
}
