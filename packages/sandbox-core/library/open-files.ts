import { invalidArgument } from "./argument-errors.ts";
import { Buffer } from "./buffer.ts";
import {
  type Callback,
  callbackOf,
  encodingOf,
  fdOf,
  flagsOf,
  integer,
  last,
  type Part,
  partToRead,
  partToWrite,
  placeOf,
  viewsOf,
} from "./open-file-arguments.ts";
import type { FileHandle } from "./file-handle.ts";
import type { Files } from "./file-source.ts";
import { nextTick } from "./process.ts";
import { wholeFiles } from "./whole-files.ts";

// The functions of `node:fs` that open files and use what is open. Each use is a request of its own: see the cell's `open-files.ts`.

type Shape = (answer: unknown) => unknown;
type AnyFunction = (...args: unknown[]) => unknown;

/** What the planted code gives: the requests by name. */
export interface Requests {
  ask(name: string, args: readonly unknown[], shape: Shape): unknown;
  later(name: string, args: readonly unknown[], shape: Shape): Promise<unknown>;
  callback(name: string, args: readonly unknown[], shape: Shape, callback: Callback): undefined;
  /** Whether the file was open. */
  close(fd: number): boolean;
  /**
   * @param short The option that a bare text stands for.
   * @throws TypeError for an option of another name.
   */
  optionsOf(
    given: unknown,
    names: readonly string[],
    short?: string,
  ): Readonly<Record<string, unknown>>;
}

/** What is made of files for streams. */
export interface OpenFiles {
  readonly readStream: (path: unknown, options: unknown) => unknown;
  readonly writeStream: (path: unknown, options: unknown) => unknown;
  readonly linesOf: (options: unknown) => unknown;
}

const same: Shape = (answer) => answer;
const nothing: Shape = () => undefined;

/** How much a read takes that brings no buffer of its own: bytes, as in Node. */
export const USUAL = 16_384;

export const bytesOf = ({ view, offset, length }: Part): Uint8Array =>
  // Of a buffer that was given away, not even an empty view can be had.
  length === 0 ? new Uint8Array() : new Uint8Array(view.buffer, view.byteOffset + offset, length);

/** Puts what was read where it was wanted. Gives how much that is. */
export const into =
  (part: Part): Shape =>
  (answer) => {
    const bytes = answer as Uint8Array;
    bytesOf({ ...part, length: bytes.length }).set(bytes);
    return bytes.length;
  };

export const lengthOf = (views: readonly ArrayBufferView[]): number =>
  views.reduce((sum, { byteLength }) => sum + byteLength, 0);

export const intoAll =
  (views: readonly ArrayBufferView[]): Shape =>
  (answer) => {
    const bytes = answer as Uint8Array;
    let at = 0;
    for (const view of views) {
      const length = Math.min(view.byteLength, bytes.length - at);
      into({ view, offset: 0, length, position: -1 })(bytes.subarray(at, at + length));
      at += length;
    }
    return bytes.length;
  };

export const joined = (views: readonly ArrayBufferView[]): Uint8Array =>
  Buffer.concat(
    views.map((view) => bytesOf({ view, offset: 0, length: view.byteLength, position: -1 })),
  );

/** The request that a write makes: its arguments after the file's number. */
export function written(content: unknown, given: readonly unknown[]): readonly unknown[] {
  if (ArrayBuffer.isView(content)) {
    const part = partToWrite(content, given);
    return [bytesOf(part), null, part.position];
  }
  if (typeof content !== "string")
    throw invalidArgument(
      "buffer",
      "of type string or an instance of Buffer, TypedArray, or DataView",
      content,
    );
  const [position, encoding] = given;
  return [content, encodingOf(content, encoding), placeOf(position)];
}

export const sizeOf = (given: unknown = 0): number => Math.max(0, integer("len", given));

const failed = (code: string, errno: number, text: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: ${text}, ${syscall}`), { errno, code, syscall });

export const notOpen = (syscall: string): Error =>
  failed("EBADF", -9, "bad file descriptor", syscall);

/** To read into no buffer at all is an error in Node. */
export const intoNone = (): Error => failed("EINVAL", -22, "invalid argument", "read");

/** The functions by name. The planted code gives a guest each of them. */
export function openFiles(requests: Requests) {
  const { ask, later, callback, close, optionsOf } = requests;
  const closed = (fd: unknown): void => {
    if (!close(fdOf(fd))) throw notOpen("close");
  };
  const statOf = (fd: unknown, given: unknown): readonly [number] => {
    optionsOf(given, []);
    return [fdOf(fd)];
  };
  /** A callback that gets, beside the count, what it was counted in. */
  const withCount =
    (done: Callback, held: unknown): Callback =>
    (error, count) =>
      done(error, count ?? 0, held);

  const all: Record<string, AnyFunction> = {
    openSync: (path, flags, mode) => ask("open", [path, flagsOf(flags), mode], same),
    open: (...args) => {
      const [[path, flags, mode], done] = last(args, args.length < 3 ? 1 : 3);
      return callback("open", [path, flagsOf(flags), mode], same, done);
    },
    closeSync: closed,
    close: (fd, given) => {
      const done = given === undefined ? undefined : callbackOf(given);
      const isClosed = close(fdOf(fd));
      nextTick(() => {
        const error = isClosed ? null : notOpen("close");
        if (done !== undefined) done(error);
        else if (error !== null) throw error;
      });
    },
    readSync: (fd, buffer, ...given) => {
      const part = partToRead(buffer, given);
      return part === null ? 0 : ask("read", [fdOf(fd), part.length, part.position], into(part));
    },
    read: (fd, ...args) => {
      const number = fdOf(fd);
      const [given, done] = last(args, args.length < 4 ? args.length - 1 : 4);
      if (given.length < 3 && !ArrayBuffer.isView(given[0])) {
        const { buffer = Buffer.alloc(USUAL) } = (given[0] ?? {}) as { buffer?: unknown };
        given.unshift(buffer);
      }
      const [buffer, ...rest] = given;
      const part = partToRead(buffer, rest);
      const counted = withCount(done, buffer);
      if (part === null) return nextTick(counted, null, 0);
      return callback("read", [number, part.length, part.position], into(part), counted);
    },
    readvSync: (fd, buffers, position) => {
      const views = viewsOf(buffers);
      if (views.length === 0) throw intoNone();
      return ask("read", [fdOf(fd), lengthOf(views), placeOf(position)], intoAll(views));
    },
    readv: (fd, buffers, ...more) => {
      const number = fdOf(fd);
      const views = viewsOf(buffers);
      const [[position], done] = last(more, 1);
      const counted = withCount(done, buffers);
      if (views.length === 0) return nextTick(counted, intoNone());
      const args = [number, lengthOf(views), placeOf(position)];
      return callback("read", args, intoAll(views), counted);
    },
    writeSync: (fd, content, ...given) => {
      const args = written(content, given);
      return ask("write", [fdOf(fd), ...args], same);
    },
    write: (fd, content, ...more) => {
      const number = fdOf(fd);
      const [given, done] = last(more, ArrayBuffer.isView(content) ? 3 : 2);
      const args = written(content, given);
      return callback("write", [number, ...args], same, withCount(done, content));
    },
    writevSync: (fd, buffers, position) => {
      const views = viewsOf(buffers);
      if (views.length === 0) return 0;
      return ask("write", [fdOf(fd), joined(views), null, placeOf(position)], same);
    },
    writev: (fd, buffers, ...more) => {
      const number = fdOf(fd);
      const views = viewsOf(buffers);
      const [[position], done] = last(more, 1);
      const counted = withCount(done, buffers);
      if (views.length === 0) return nextTick(counted, null, 0);
      return callback("write", [number, joined(views), null, placeOf(position)], same, counted);
    },
    fstatSync: (fd, given) => ask("fstat", statOf(fd, given), same),
    fstat: (fd, ...more) => {
      const [[given], done] = last(more, 1);
      return callback("fstat", statOf(fd, given), same, done);
    },
    ftruncateSync: (fd, length) => ask("ftruncate", [fdOf(fd), sizeOf(length)], nothing),
    ftruncate: (fd, ...more) => {
      const [[length], done] = last(more, 1);
      return callback("ftruncate", [fdOf(fd), sizeOf(length)], nothing, done);
    },
    truncateSync: (path, length) => ask("truncate", [path, sizeOf(length)], nothing),
    truncate: (path, ...more) => {
      const [[length], done] = last(more, 1);
      return callback("truncate", [path, sizeOf(length)], nothing, done);
    },
  };
  for (const [name, dataOnly] of [
    ["fsync", false],
    ["fdatasync", true],
  ] as const) {
    all[`${name}Sync`] = (fd) => ask("fsync", [fdOf(fd), dataOnly], nothing);
    all[name] = (fd, done) => callback("fsync", [fdOf(fd), dataOnly], nothing, callbackOf(done));
  }
  const made = { ...all, ...wholeFiles(requests) };
  let handles: typeof import("./file-handle.ts") | undefined;
  const files: Files = {
    requests,
    functions: made,
    isHandle: (value) => handles?.FileHandle.isFileHandle(value) === true,
  };
  const streams = (): typeof import("./file-streams.ts") => require("./file-streams.ts") as never;
  const promised: Record<string, AnyFunction> = {
    truncate: (path, length) => later("truncate", [path, sizeOf(length)], nothing),
    open: async (path, flags, mode) => {
      handles ??= require("./file-handle.ts") as typeof import("./file-handle.ts");
      const fd = (await later("open", [path, flagsOf(flags), mode], same)) as number;
      return new handles.FileHandle(fd, opened, requests);
    },
    readFile: (handle, options) => (handle as FileHandle).readFile(options),
    writeFile: (handle, data, options) => (handle as FileHandle).writeFile(data, options),
    appendFile: (handle, data, options) => (handle as FileHandle).appendFile(data, options),
  };
  const opened: OpenFiles = {
    readStream: (path, options) => new (streams().ReadStream)(path, options, files),
    writeStream: (path, options) => new (streams().WriteStream)(path, options, files),
    linesOf: (options) =>
      new (streams().Lines)(new (streams().ReadStream)(undefined, options, files)),
  };
  return {
    functions: {
      ...made,
      createReadStream: opened.readStream,
      createWriteStream: opened.writeStream,
    },
    promised,
    isHandle: files.isHandle,
  };
}
