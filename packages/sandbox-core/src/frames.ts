// The frames between host and cell. Both processes load this file, so it imports nothing.

/**
 * Length of a frame's head: u32 LE length of the body, u8 kind, u32 LE id. The id is the number of the request in a request
 * and in its verdict, and the id of the call into the cell in every other frame.
 */
export const HEAD_BYTES = 9;

/** Longest body of a frame, bytes: bounds the memory that one side can make the other hold. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Longest arguments of a command, in UTF-16 code units of their JSON: below the kernel's `MAX_ARG_STRLEN` of 128 KiB. */
export const MAX_ARGUMENTS_JSON = 100_000;

/**
 * Longest body of a request, bytes: the longest target with each character escaped in JSON (6 bytes) and the other fields, and a
 * command's longest arguments at 3 bytes a UTF-16 code unit.
 */
export const MAX_REQUEST_BYTES = 32 * 1024 + 3 * MAX_ARGUMENTS_JSON;

/** Longest target that a guard puts into a request, in UTF-16 code units: the longest Linux path is 4096 bytes. */
export const MAX_REQUEST_TARGET = 4096;

/** The command-line argument that tells a cell's process that it was started confined. */
export const CONFINED = "confined";

/** What a cell writes on standard error before it ends itself because it has lost step with the broker. */
export const OUT_OF_STEP = "pyisolate: out of step: ";

/** How many settled calls both sides remember, because a call may leave timers, or promises that nothing awaits, in the cell. */
export const REMEMBERED_CALLS = 64;

/** The number of a cell's next request on a channel. 0 stands for no request. */
export function nextNumber(last: number): number {
  return last === 0xffff_ffff ? 1 : last + 1;
}

export const Frame = {
  // from host to cell
  start: 1,
  exec: 2,
  call: 3,
  verdict: 4,
  /** Ends a call that only waits. Empty. The cell answers with the call's failure, or ends where it cannot end the call alone. */
  abort: 5,
  /** The names of the host's functions that the cell's guest may call. JSON, once, before any program. */
  tools: 6,
  /** The answer to a call of a tool, by the call's number. */
  answer: 7,
  /** What a confined cell may do has become less. Its id is a number of its own, which the cell's answer bears. */
  narrow: 8,
  /** A verdict: the grant of an import, with the module that the host supplies. See {@link encodeModule}. */
  module: 9,
  // from cell to host
  ready: 16,
  request: 17,
  result: 18,
  failure: 19,
  console: 20,
  post: 21,
  /** A call of a tool. Its number, u32 LE, the length of its name, u8, the name, and the clone of its argument. */
  tool: 22,
  /** The outcome of a `narrow`, u32 LE: 0, or an errno, with {@link NARROWED_IN_PART} added if some threads are restricted. */
  narrowed: 23,
} as const;

/** `HAS_BEGUN` of packages/launcher/src/narrow/narrow.c. */
export const NARROWED_IN_PART = 0x1_0000;

/** The settings of a fresh cell process, sent once. JSON. */
export interface Start {
  readonly memoryMib: number;
  /** The trees in which the kernel lets this cell write, as the plan names them; left out if the cell has no use for them. */
  readonly writable?: readonly string[];
  /** PEM certificates that `fetch` trusts beside the built-in ones. */
  readonly ca: string | null;
}

/** The limits of a call that the cell enforces; the host enforces the others. */
export interface CallLimits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly outputBytes: number;
}

/** One run of a source text. See {@link encodeExec}. */
export interface Exec extends CallLimits {
  readonly source: string;
}

/** One call of a function that the guest left on `globalThis`. Structured clone. */
export interface Call extends CallLimits {
  readonly name: string;
  readonly args: readonly unknown[];
}

/**
 * What a guard of a confined cell saw of the kernel layer when it tried an operation.
 *
 * - `filter`: the errno that only our seccomp filter gives.
 * - `hook`: EACCES from an operation that Landlock checks before ordinary permissions: connecting, and making or removing a name.
 * - `directory`: the same, for the name of a directory.
 * - `differential`: EACCES, while access(2), which Landlock does not govern, says that ordinary permissions allow the operation.
 * - `ended`: a running command has ended by SIGSYS, the signal by which our filter ends a process.
 */
export const KERNEL_REFUSALS = ["filter", "hook", "directory", "differential", "ended"] as const;
export type KernelRefusal = (typeof KERNEL_REFUSALS)[number];

/** What a guard saw when it probed the kernel, without an effect and before it asked the broker. `passed`: the kernel had no objection. */
export const KERNEL_PROBES = ["passed", "hook", "directory", "differential"] as const;
export type KernelProbe = (typeof KERNEL_PROBES)[number];

/** A request of the cell to the broker. Its keys are short because requests are the hot path. JSON. */
export interface WireRequest {
  /** Capability. */
  readonly c: string;
  /** Operation. */
  readonly o: string;
  /** Target, as the guard resolved it. */
  readonly t: string;
  /** Id of the call into the cell that the request is part of. */
  readonly x: number;
  /** subprocess: the arguments with which the command will be run, with `bad` as much of them as can be shown. Left out: none. */
  readonly a?: readonly string[];
  /** Why the arguments do not make a request; then it is refused before the policy is asked. */
  readonly bad?: string;
  /** The cell's claim that the kernel layer refused the operation after the broker had allowed it. The host judges it. */
  readonly k?: KernelRefusal;
  /** The cell's claim of what the kernel layer says to the operation, from a probe; left out if the cell did not probe. */
  readonly p?: KernelProbe;
}

/** The broker's answer. JSON. */
export type WireVerdict =
  | {
      readonly ok: true;
      /** network: the checked addresses to connect to, in the resolver's order. */
      readonly addresses?: readonly string[];
      /** network: the name could not be resolved. */
      readonly unresolved?: string;
      /**
       * import: the module that the host supplies; null if the host supplies none of that name. A module is sent to a cell once, in
       * a frame of its own: if left out, the cell already has it.
       */
      readonly module?: SuppliedModule | null;
      /** import: why a module that the host supplies cannot be loaded. */
      readonly unloadable?: string;
    }
  | {
      readonly ok: false;
      readonly capability: string;
      readonly reason: string;
      readonly id: string;
      /** The message that the guest reads, where its host wants it told why. */
      readonly says?: string | undefined;
    };

/** A plain grant, which most verdicts are. */
export const GRANTED = Object.freeze({ ok: true }) satisfies WireVerdict;

/** The kinds of a module that the host supplies, by the letter that stands for each: CommonJS, an ES module, JSON. */
export type ModuleKind = "c" | "m" | "j";

/** A module that the host supplies, as it is sent. */
export interface SuppliedModule {
  readonly kind: ModuleKind;
  /** The body of a CommonJS module, an expression that gives an ES module's `PlantedModule`, or the text of JSON. */
  readonly code: string;
}

/** The body of a frame that grants a module: the letter of its kind, and its code in UTF-8. */
export function encodeModule({ kind, code }: SuppliedModule): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(kind + code);
}

export function decodeModule(body: Buffer): SuppliedModule {
  return { kind: body.toString("latin1", 0, 1) as ModuleKind, code: body.toString("utf8", 1) };
}

export type Refused = Extract<WireVerdict, { ok: false }>;

/** A refusal as one text, `capability reason id`, and after it the message if there is one. */
export function refusalText({ capability, reason, id, says }: Refused): string {
  const fields = `${capability} ${reason} ${id}`;
  return says === undefined ? fields : `${fields} ${says}`;
}

/** The levels of a console line, by the byte that stands for each on the wire. */
export const CONSOLE_LEVELS = ["debug", "log", "info", "warn", "error"] as const;

export type ConsoleLevel = (typeof CONSOLE_LEVELS)[number];

/**
 * The bytes that a console line, a message, a call of a tool or a result takes from the call's `output_bytes`: those of its body. Cell and host
 * both count with this function. The body of a console line is its text in UTF-8 and one byte for the level, so an empty line
 * costs one byte.
 */
export function outputCost(...parts: readonly Uint8Array[]): number {
  return parts.reduce((length, part) => length + part.length, 0);
}

/** The head of a tool's call before its name, bytes. */
export const TOOL_HEAD_BYTES = 5;

/** What precedes the argument in the body of a tool's call. */
export function toolHead(number: number, name: string): Buffer {
  const head = Buffer.allocUnsafe(TOOL_HEAD_BYTES + name.length);
  head.writeUInt32LE(number, 0);
  head.writeUInt8(name.length, 4);
  head.write(name, TOOL_HEAD_BYTES, "latin1");
  return head;
}

/** What a guest learns of a tool's failure. */
export interface ToolFailure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** The first byte of a tool's answer: a value's clone follows, a failure as JSON, or a refusal (as the guest takes it). */
export const ToolAnswer = { value: 0, failure: 1, refusal: 2 } as const;

export function toolValue(number: number, clone: Uint8Array): Buffer {
  return toolAnswer(number, ToolAnswer.value, clone);
}

export function toolFailure(number: number, failure: ToolFailure): Buffer {
  return toolAnswer(number, ToolAnswer.failure, Buffer.from(JSON.stringify(failure)));
}

export function toolRefusal(number: number, refusal: Refused): Buffer {
  return toolAnswer(number, ToolAnswer.refusal, Buffer.from(refusalText(refusal)));
}

const toolAnswer = (number: number, kind: number, body: Uint8Array): Buffer =>
  encodeFrame(Frame.answer, number, [kind], body);

export function encodeFrame(
  kind: number,
  id: number,
  ...parts: readonly (Uint8Array | readonly number[])[]
): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const frame = Buffer.allocUnsafe(HEAD_BYTES + length);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32LE(id, 5);
  let at = HEAD_BYTES;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/**
 * The frame of a run: the length of its first clone, u32 LE, and two clones.
 *
 * @param exec The clone of an {@link Exec}. Not JSON: the program is a guest's, and of 16 million characters that JSON escapes the
 *   host's loop would stand for more than a second.
 * @param input The clone of the input. Empty if the program gets none.
 */
export function encodeExec(id: number, exec: Uint8Array, input: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(exec.length);
  return encodeFrame(Frame.exec, id, length, exec, input);
}

/** The two clones of a run. */
export function decodeExec(body: Buffer): { readonly exec: Buffer; readonly input: Buffer } {
  const end = 4 + body.readUInt32LE(0);
  return { exec: body.subarray(4, end), input: body.subarray(end) };
}

/** What a confined cell shall restrict itself to. */
export interface Narrow extends Pick<Start, "writable"> {
  /** The ids of the threads to restrict. */
  readonly threads: readonly number[];
  /** The plan, as the launcher's options. */
  readonly options: readonly string[];
}

/** The length of its JSON, u32 LE, the JSON, and what the addon takes: how many threads, their ids, u32 LE each, and the options with a zero after each. */
export function encodeNarrow(id: number, { writable, threads, options }: Narrow): Buffer {
  const json = Buffer.from(JSON.stringify(writable === undefined ? {} : { writable }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(json.length);
  const ids = Buffer.alloc(4 * (1 + threads.length));
  [threads.length, ...threads].forEach((number, at) => ids.writeUInt32LE(number, 4 * at));
  const text = Buffer.from(options.map((option) => `${option}\0`).join(""));
  return encodeFrame(Frame.narrow, id, Buffer.concat([head, json, ids, text]));
}

export function decodeNarrow(body: Buffer): Pick<Start, "writable"> & { readonly body: Buffer } {
  const end = 4 + body.readUInt32LE(0);
  const json = JSON.parse(body.toString("utf8", 4, end)) as Pick<Start, "writable">;
  return { ...json, body: body.subarray(end) };
}

/** The body of a console line: the level's byte, and the text in UTF-8. */
export function consoleBody(level: ConsoleLevel, text: string): Buffer {
  const body = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  body.writeUInt8(CONSOLE_LEVELS.indexOf(level), 0);
  body.write(text, 1);
  return body;
}

export function encodeJson(kind: number, id: number, body: unknown): Buffer {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + length);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32LE(id, 5);
  frame.write(text, HEAD_BYTES);
  return frame;
}
