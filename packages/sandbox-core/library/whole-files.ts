import { abortError } from "./abort-error.ts";
import { invalidArgument, invalidValue } from "./argument-errors.ts";
import { Buffer } from "./buffer.ts";
import { isEncoding, last } from "./open-file-arguments.ts";
import type { Requests } from "./open-files.ts";
import { nextTick } from "./process.ts";

// Reading and writing all of a file that is open, from where its last use has ended.

/** How much one request reads or writes: bytes, as in Node. */
const CHUNK = 524_288;

const same = (answer: unknown): unknown => answer;

interface Options {
  readonly encoding: BufferEncoding | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws TypeError for an encoding that there is not. */
export function encodingGiven(encoding: unknown): BufferEncoding | undefined {
  if (encoding === undefined || encoding === null || encoding === "buffer") return undefined;
  if (!isEncoding(encoding)) throw invalidValue("encoding", "is invalid encoding", encoding);
  return encoding as BufferEncoding;
}

export function signalGiven(signal: unknown): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const { aborted } = (signal ?? {}) as { aborted?: unknown };
  if (typeof aborted !== "boolean")
    throw invalidArgument("options.signal", "an instance of AbortSignal", signal);
  return signal as AbortSignal;
}

function readOptions(
  { optionsOf }: Pick<Requests, "optionsOf">,
  given: unknown,
  more: readonly string[] = [],
): Options {
  const { encoding, signal } = optionsOf(
    given,
    ["encoding", "signal", "flag", ...more],
    "encoding",
  );
  return { encoding: encodingGiven(encoding), signal: signalGiven(signal) };
}

function mustGoOn({ signal }: Options): void {
  if (signal?.aborted === true) throw abortError(signal);
}

const whole = (chunks: readonly Uint8Array[], { encoding }: Options): unknown => {
  const bytes = Buffer.concat(chunks);
  return encoding === undefined ? bytes : bytes.toString(encoding);
};

/** The bytes of what is written. */
function bytesOf(data: unknown, { encoding = "utf8" }: Pick<Options, "encoding">): Uint8Array {
  if (ArrayBuffer.isView(data))
    return data.byteLength === 0
      ? new Uint8Array()
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (typeof data === "string") return Buffer.from(data, encoding);
  throw invalidArgument(
    "data",
    "of type string or an instance of Buffer, TypedArray, or DataView",
    data,
  );
}

function readAll(requests: Requests, fd: number, given: unknown): unknown {
  const options = readOptions(requests, given);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = requests.ask("read", [fd, CHUNK, -1], same) as Uint8Array;
    if (chunk.length === 0) return whole(chunks, options);
    chunks.push(chunk);
  }
}

export async function readAllLater(
  requests: Requests,
  fd: number,
  given: unknown,
): Promise<unknown> {
  const options = readOptions(requests, given);
  const chunks: Uint8Array[] = [];
  for (;;) {
    mustGoOn(options);
    const chunk = (await requests.later("read", [fd, CHUNK, -1], same)) as Uint8Array;
    mustGoOn(options);
    if (chunk.length === 0) return whole(chunks, options);
    chunks.push(chunk);
  }
}

function writeAll(requests: Requests, fd: number, data: unknown, given: unknown): void {
  const bytes = bytesOf(data, readOptions(requests, given, ["mode"]));
  for (let at = 0; at < bytes.length;) {
    const part = bytes.subarray(at, at + CHUNK);
    at += requests.ask("write", [fd, part, null, -1], same) as number;
  }
}

type Parts = Iterable<unknown> | AsyncIterable<unknown>;

const isParts = (data: unknown): data is Parts =>
  typeof data === "object" &&
  data !== null &&
  !ArrayBuffer.isView(data) &&
  (Symbol.asyncIterator in data || Symbol.iterator in data);

/** @param data Content, or with `mayBeParts` what gives it in parts. */
export async function writeAllLater(
  requests: Requests,
  fd: number,
  data: unknown,
  given: unknown,
  mayBeParts = false,
): Promise<void> {
  const options = readOptions(requests, given, ["mode"]);
  const write = async (content: unknown): Promise<void> => {
    const bytes = bytesOf(content, options);
    for (let at = 0; at < bytes.length;) {
      mustGoOn(options);
      const part = bytes.subarray(at, at + CHUNK);
      at += (await requests.later("write", [fd, part, null, -1], same)) as number;
    }
  };
  mustGoOn(options);
  if (!mayBeParts || !isParts(data)) {
    await write(data);
    return;
  }
  for await (const part of data) {
    mustGoOn(options);
    await write(part);
  }
}

/** The functions of `node:fs` that take a path, for where they were given the number of a file that is open. */
export function wholeFiles(
  requests: Requests,
): Readonly<Record<string, (...args: unknown[]) => unknown>> {
  /** A callback gets nothing beside the error where there is no value. */
  const called = (promise: Promise<unknown>, done: (...args: unknown[]) => unknown): void => {
    promise.then(
      (value) => nextTick(done, ...(value === undefined ? [null] : [null, value])),
      (error: unknown) => nextTick(done, error),
    );
  };
  const write = (fd: unknown, data: unknown, options: unknown): void =>
    writeAll(requests, fd as number, data, options);
  const writeLater = (fd: unknown, data: unknown, ...more: unknown[]): void => {
    const [[options], done] = last(more, 1);
    called(writeAllLater(requests, fd as number, data, options), done);
  };
  return {
    readFileSync: (fd, options) => readAll(requests, fd as number, options),
    readFile: (fd, ...more) => {
      const [[options], done] = last(more, Math.max(0, Math.min(more.length - 1, 1)));
      called(readAllLater(requests, fd as number, options), done);
    },
    writeFileSync: write,
    writeFile: writeLater,
    appendFileSync: write,
    appendFile: writeLater,
  };
}
