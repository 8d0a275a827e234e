import { invalidArgument } from "./argument-errors.ts";
import { type FileHandle, hold, release } from "./file-handle.ts";
import { fdOf } from "./open-file-arguments.ts";
import type { Requests } from "./open-files.ts";
import { nextTick } from "./process.ts";
import stream from "./stream.ts";
import { encodingGiven, signalGiven } from "./whole-files.ts";

const { addAbortSignal } = stream;

// What the streams of files have in common. Each part that they read or write is a request of its own.

/** Told by a stream when the use that was under way has ended. */
export const idle = Symbol("idle");

export type Done = (error?: Error | null) => void;
export type Options = Readonly<Record<string, unknown>>;

/** What streams are made of: the functions of `node:fs`. */
export interface Files {
  readonly requests: Requests;
  readonly functions: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  readonly isHandle: (value: unknown) => boolean;
}

const COMMON = [
  "autoClose",
  "emitClose",
  "encoding",
  "fd",
  "flags",
  "highWaterMark",
  "mode",
  "signal",
  "start",
];

function pathOf(path: unknown): unknown {
  if (typeof path === "string" || path instanceof Uint8Array) return path;
  const { href, protocol } = (path ?? {}) as { href?: unknown; protocol?: unknown };
  if (typeof href !== "string" || typeof protocol !== "string")
    throw invalidArgument("path", "of type string or an instance of Buffer or URL", path);
  return (require("./url.ts") as typeof import("node:url")).fileURLToPath(href);
}

/** What a stream reads or writes, and how it comes to be open and closed. */
export class Source {
  readonly path: unknown;
  readonly flags: unknown;
  readonly mode: unknown;
  fd: number | null = null;
  readonly handle: FileHandle | undefined;

  constructor(path: unknown, options: Options, { isHandle }: Files, usual: string) {
    const { fd, flags, mode } = options;
    if (fd === undefined || fd === null) {
      this.path = pathOf(path);
      this.flags = flags ?? usual;
      this.mode = mode ?? 0o666;
    } else if (isHandle(fd)) {
      this.handle = fd as FileHandle;
      this.fd = fdOf(this.handle.fd);
      this.handle[hold]();
    } else if (typeof fd === "number") this.fd = fdOf(fd);
    else throw invalidArgument("options.fd", "of type number or an instance of FileHandle", fd);
  }

  open({ functions: { open } }: Files, done: Done, opened: (fd: number) => void): void {
    if (this.fd !== null) return done();
    open?.(this.path, this.flags, this.mode, (error: Error | null, fd: number) => {
      if (error) return done(error);
      this.fd = fd;
      done();
      opened(fd);
    });
  }

  close({ functions: { close } }: Files, error: Error | null, done: Done): void {
    const { fd, handle } = this;
    if (fd === null) return done(error);
    this.fd = null;
    if (handle === undefined) {
      close?.(fd, (failed: Error | null) => done(error ?? failed));
      return;
    }
    handle[release]();
    handle.close().then(
      () => nextTick(done, error),
      (failed: unknown) => nextTick(done, error ?? failed),
    );
  }
}

export const optionsOfStream = ({ requests }: Files, given: unknown, more: string): Options => {
  const options = requests.optionsOf(given, [...COMMON, more], "encoding");
  encodingGiven(options["encoding"]);
  signalGiven(options["signal"]);
  return options;
};

const autoCloseOf = ({ autoClose }: Options): boolean =>
  autoClose === undefined ? true : Boolean(autoClose);

/**
 * The options that the streams of the library take themselves, but for the signal. Those that are not given are left out: they have
 * values of their own.
 */
export function streamOptions(options: Options, usual: object): Options {
  const taken = ["emitClose", "encoding", "highWaterMark"];
  const given = taken.filter((name) => options[name] !== undefined && options[name] !== null);
  return {
    ...usual,
    ...Object.fromEntries(given.map((name) => [name, options[name]])),
    autoDestroy: autoCloseOf(options),
  };
}

/** Called at the end of a stream's constructor: a signal that is aborted already ends the stream at once. */
export function heedSignal(
  to: InstanceType<typeof stream.Readable> | InstanceType<typeof stream.Writable>,
  { signal }: Options,
): void {
  if (signal !== undefined && signal !== null) addAbortSignal(signal as AbortSignal, to);
}
