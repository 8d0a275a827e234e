import {
  CONSOLE_LEVELS,
  type ConsoleLevel,
  type Failure,
  Frame,
  KERNEL_PROBES,
  KERNEL_REFUSALS,
  type KernelProbe,
  type KernelRefusal,
  MAX_BODY_BYTES,
  MAX_FAILURE_TEXT_BYTES,
  MAX_REQUEST_BYTES,
  MAX_REQUEST_TARGET,
  type WireRequest,
} from "../../frames.ts";
import { GUEST_SURFACE } from "../../surface.ts";

/** What a cell sent that is no message: the cell, not only the guest, can no longer be trusted. */
export class WireError extends Error {
  override get name(): string {
    return "WireError";
  }
}

/** Longest body of a failure: its four texts with their lengths. */
const MAX_FAILURE_BYTES = 4 * (4 + MAX_FAILURE_TEXT_BYTES);

/** Longest body of a console line: its text, each character 3 bytes at most, and the level. */
const MAX_CONSOLE_BYTES = 32 * 1024;

/** Longest reason why a request is none, in UTF-16 code units. */
const MAX_BAD = 256;

/** Longest body of a frame from a cell, by its kind: what is longer is not held until it is whole. */
export function maxBody(kind: number): number {
  switch (kind) {
    case Frame.ready:
      return 64;
    case Frame.request:
      return MAX_REQUEST_BYTES;
    case Frame.failure:
      return MAX_FAILURE_BYTES;
    case Frame.console:
      return MAX_CONSOLE_BYTES;
    case Frame.result:
    case Frame.post:
      return MAX_BODY_BYTES;
    default:
      return 0;
  }
}

/** A request as the host knows it, parsed and bounded. */
export interface GuardRequest {
  readonly kind: "guard";
  readonly capability: (typeof GUEST_SURFACE)[keyof typeof GUEST_SURFACE]["capability"];
  readonly operation: string;
  readonly target: string;
  readonly call: number;
  /** Why it is no request that a policy could decide. */
  readonly malformed: string | null;
  /** It was allowed, and the cell claims that the kernel refused it. */
  readonly refused: KernelRefusal | null;
  /** What the cell claims that the kernel says to it. */
  readonly probed: KernelProbe | null;
}

/** The cell's word that its guest has used up a limit that only the cell can see. */
export interface LimitReached {
  readonly kind: "limit";
  readonly limit: "cpu" | "memory" | "output";
  readonly call: number;
}

const operations = new Map<string, Set<string>>();
for (const { capability, operation } of Object.values(GUEST_SURFACE)) {
  operations.set(capability, (operations.get(capability) ?? new Set()).add(operation));
}

/** @throws WireError for anything but a request of this surface. */
export function parseRequest(body: Buffer): GuardRequest | LimitReached {
  const message = parseJson(body, MAX_REQUEST_BYTES);
  if (!isRequest(message)) throw new WireError("request of another form");
  const { c, o, t, x, bad, k, p } = message;
  if (c === "limit") {
    if (o === "cpu" || o === "memory" || o === "output")
      return { kind: "limit", limit: o, call: x };
    throw new WireError("unknown limit");
  }
  if (!operations.get(c)?.has(o)) throw new WireError("unknown operation");
  return {
    kind: "guard",
    capability: c as GuardRequest["capability"],
    operation: o,
    target: t,
    call: x,
    malformed: bad ?? null,
    refused: k ?? null,
    probed: p ?? null,
  };
}

/** By hand, since a guest's thread waits for it: a schema took as long again as the parsing of the JSON. */
function isRequest(message: unknown): message is WireRequest {
  if (typeof message !== "object" || message === null) return false;
  const { c, o, t, x, bad, k, p } = message as { readonly [key: string]: unknown };
  return (
    typeof c === "string" &&
    typeof o === "string" &&
    typeof t === "string" &&
    t.length <= MAX_REQUEST_TARGET &&
    typeof x === "number" &&
    Number.isInteger(x) &&
    x >= 0 &&
    x <= 0xffff_ffff &&
    (bad === undefined || (typeof bad === "string" && bad.length <= MAX_BAD)) &&
    (k === undefined || (bad === undefined && KERNEL_REFUSALS.includes(k as KernelRefusal))) &&
    (p === undefined ||
      (bad === undefined && k === undefined && KERNEL_PROBES.includes(p as KernelProbe))) &&
    Object.keys(message).length ===
      (bad === undefined && k === undefined && p === undefined ? 4 : 5)
  );
}

/** @throws WireError for anything but a failure. */
export function parseFailure(body: Buffer): Failure {
  let at = 0;
  const text = (): string => {
    const end = at + 4 <= body.length ? at + 4 + body.readUInt32LE(at) : body.length + 1;
    if (end > body.length || end - at > 4 + MAX_FAILURE_TEXT_BYTES)
      throw new WireError("failure of another form");
    const from = at + 4;
    at = end;
    return body.toString("utf8", from, end);
  };
  const [denial, name, message, stack] = [text(), text(), text(), text()];
  if (at !== body.length) throw new WireError("failure of another form");
  return { ...(denial === "" ? {} : { denial }), name, message, stack };
}

/** @throws WireError for anything but a console line. */
export function parseConsole(body: Buffer): { level: ConsoleLevel; text: string } {
  const level = CONSOLE_LEVELS[body[0] ?? CONSOLE_LEVELS.length];
  if (level === undefined || body.length > MAX_CONSOLE_BYTES)
    throw new WireError("console line of another form");
  return { level, text: body.toString("utf8", 1) };
}

/** Bounded first: brackets alone make a parser take fifty times their own memory. */
function parseJson(body: Buffer, maxBytes: number): unknown {
  if (body.length > maxBytes) throw new WireError(`message of ${body.length} bytes`);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new WireError("not JSON");
  }
}
