import { cloneProblem } from "../../clone/clone-problem.ts";
import {
  MAX_FAILURE_TEXT_BYTES,
  MAX_NESTED_ERRORS,
  MAX_NESTED_TEXT_BYTES,
} from "../../failure-frame.ts";
import type { IncomingFrame } from "../../frame-reader.ts";
import {
  CONSOLE_LEVELS,
  type ConsoleLevel,
  Frame,
  KERNEL_PROBES,
  KERNEL_REFUSALS,
  type KernelProbe,
  type KernelRefusal,
  MAX_BODY_BYTES,
  MAX_REQUEST_BYTES,
  MAX_REQUEST_TARGET,
  TOOL_HEAD_BYTES,
  type WireRequest,
} from "../../frames.ts";
import { GUEST_SURFACE } from "../../surface.ts";

/** A cell sent bytes that are not a valid message: not only the guest but the cell itself can no longer be trusted. */
export class WireError extends Error {
  override get name(): string {
    return "WireError";
  }
}

/** Longest body of a failure, bytes: five texts of it and as many of each further error, each after its length. */
const MAX_FAILURE_BYTES =
  5 * (4 + MAX_FAILURE_TEXT_BYTES) + 5 * MAX_NESTED_ERRORS * (4 + MAX_NESTED_TEXT_BYTES);

/** Longest body of a console line, bytes: its text, at most 3 bytes a UTF-16 code unit, and the level. */
const MAX_CONSOLE_BYTES = 32 * 1024;

/** Longest text of why a request is malformed, in UTF-16 code units. */
const MAX_BAD = 256;

/** Longest body of a frame from a cell, bytes, by its kind. A longer one is refused by its head and never held. */
export function maxBody(kind: number): number {
  switch (kind) {
    case Frame.ready:
      return 64;
    case Frame.narrowed:
      return 4;
    case Frame.request:
      return MAX_REQUEST_BYTES;
    case Frame.failure:
      return MAX_FAILURE_BYTES;
    case Frame.console:
      return MAX_CONSOLE_BYTES;
    case Frame.result:
    case Frame.post:
    case Frame.tool:
      return MAX_BODY_BYTES;
    default:
      return 0;
  }
}

/** A request, parsed and bounded. */
export interface GuardRequest {
  readonly kind: "guard";
  readonly capability: (typeof GUEST_SURFACE)[keyof typeof GUEST_SURFACE]["capability"];
  readonly operation: string;
  readonly target: string;
  /** subprocess: the arguments of the command; undefined for other capabilities. */
  readonly args: readonly string[] | undefined;
  readonly call: number;
  /** Why the arguments do not make a request; null if they do. */
  readonly malformed: string | null;
  /** The cell's claim that the kernel refused the operation after the broker had allowed it. */
  readonly refused: KernelRefusal | null;
  /** The cell's claim of what the kernel says to the operation. */
  readonly probed: KernelProbe | null;
}

/** The cell's claim that its guest has exceeded a limit which only the cell can measure. */
export interface LimitReached {
  readonly kind: "limit";
  readonly limit: "cpu" | "memory" | "output";
  readonly call: number;
}

const operations = new Map<string, Set<string>>();
for (const { capability, operation } of Object.values(GUEST_SURFACE)) {
  operations.set(capability, (operations.get(capability) ?? new Set()).add(operation));
}

/** @throws WireError for every message other than a request of the guest surface or a limit. */
export function parseRequest(body: Buffer): GuardRequest | LimitReached {
  const message = parseJson(body, MAX_REQUEST_BYTES);
  if (!isRequest(message)) throw new WireError("request of another form");
  const { c, o, t, x, a, bad, k, p } = message;
  if (c === "limit") {
    if (o === "cpu" || o === "memory" || o === "output")
      return { kind: "limit", limit: o, call: x };
    throw new WireError("unknown limit");
  }
  if (!operations.get(c)?.has(o)) throw new WireError("unknown operation");
  if (a !== undefined && c !== "subprocess") throw new WireError("arguments of no command");
  return {
    kind: "guard",
    capability: c as GuardRequest["capability"],
    operation: o,
    target: t,
    args: c === "subprocess" ? (a ?? []) : undefined,
    call: x,
    malformed: bad ?? null,
    refused: k ?? null,
    probed: p ?? null,
  };
}

/** Whether the arguments are as our own cell code sends them: texts, at least one. The length of the frame bounds them. */
function areArguments(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string")
  );
}

/** Written by hand, because a guest's thread waits for it: checking with a schema took as long again as parsing the JSON. */
function isRequest(message: unknown): message is WireRequest {
  if (typeof message !== "object" || message === null) return false;
  const { c, o, t, x, a, bad, k, p } = message as { readonly [key: string]: unknown };
  return (
    typeof c === "string" &&
    typeof o === "string" &&
    typeof t === "string" &&
    t.length <= MAX_REQUEST_TARGET &&
    typeof x === "number" &&
    Number.isInteger(x) &&
    x >= 0 &&
    x <= 0xffff_ffff &&
    (a === undefined || areArguments(a)) &&
    (bad === undefined || (typeof bad === "string" && bad.length <= MAX_BAD)) &&
    (k === undefined || (bad === undefined && KERNEL_REFUSALS.includes(k as KernelRefusal))) &&
    (p === undefined ||
      (bad === undefined && k === undefined && KERNEL_PROBES.includes(p as KernelProbe))) &&
    Object.keys(message).length ===
      (bad === undefined && k === undefined && p === undefined ? 4 : 5) + (a === undefined ? 0 : 1)
  );
}

/** A call of a tool, parsed; its argument is a value that the host takes. */
export interface ToolCall {
  readonly capability: "tool";
  readonly operation: "call";
  /** The tool's name, as the cell claims it. */
  readonly target: string;
  readonly number: number;
  /** The clone of its argument. */
  readonly given: Buffer;
}

/** @throws WireError for bytes that are not a call of a tool, and for an argument that our own cell code would not have sent. */
export function parseToolCall({ body }: IncomingFrame): ToolCall {
  const end = body.length < TOOL_HEAD_BYTES ? Infinity : TOOL_HEAD_BYTES + body.readUInt8(4);
  if (end > body.length) throw new WireError("call of a tool of another form");
  const given = body.subarray(end);
  const problem = cloneProblem(given);
  if (problem !== undefined) throw new WireError(`a value that cannot be taken: ${problem.why}`);
  return {
    capability: "tool",
    operation: "call",
    target: body.toString("latin1", TOOL_HEAD_BYTES, end),
    number: body.readUInt32LE(0),
    given,
  };
}

/** @throws WireError for bytes that are not a console line. */
export function parseConsole(body: Buffer): { level: ConsoleLevel; text: string } {
  const level = CONSOLE_LEVELS[body[0] ?? CONSOLE_LEVELS.length];
  if (level === undefined || body.length > MAX_CONSOLE_BYTES)
    throw new WireError("console line of another form");
  return { level, text: body.toString("utf8", 1) };
}

/** Checks the length first: a text of brackets alone makes the parser take fifty times its own size in memory. */
function parseJson(body: Buffer, maxBytes: number): unknown {
  if (body.length > maxBytes) throw new WireError(`message of ${body.length} bytes`);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new WireError("not JSON");
  }
}
