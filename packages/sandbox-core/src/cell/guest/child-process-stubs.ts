import type { Abortable } from "./abortable.ts";
import type { Answers } from "./answers-and-errors.ts";
import type { BridgeCall } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { CommandOptions } from "./command-options.ts";
import type { Misuse } from "./misuse.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";

/** The part of `node:child_process` that cells have. Planted by its source text. */
export function childProcessStubs(
  { arraySlice, bufferOf, Bytes, freeze, isArray, own, text, whenSettled }: Primordials,
  { broken, callLater }: Callbacks,
  { ask }: Answers,
  untilAborted: Abortable,
  { targetText, option, listText }: GuestArguments,
  { aborted }: Misuse,
  readOptions: CommandOptions,
  { asBuffer }: LibraryLoader,
) {
  interface Command {
    readonly asked: (encoding: unknown) => BridgeCall;
    readonly options: ReturnType<CommandOptions>;
    readonly callback: Callback | undefined;
  }

  /** Sorts the arguments `(command, args?, options?, callback?)`, of which any of the last three may be missing. */
  function command(name: unknown, rest: unknown[]): Command {
    const last = rest.length > 0 ? rest[rest.length - 1] : undefined;
    const callback = typeof last === "function" ? (last as Callback) : undefined;
    const given = callback === undefined ? rest : arraySlice(rest, 0, rest.length - 1);
    const first = given.length > 0 ? given[0] : undefined;
    const second = given.length > 1 ? given[1] : undefined;
    const hasArgs = isArray(first) || given.length === 2;
    const args = hasArgs ? first : undefined;
    const options = readOptions(hasArgs ? second : first);
    return {
      options,
      callback,
      asked: (encoding) => [
        0,
        "child_process.execFile",
        targetText(name),
        args === undefined || args === null ? "[]" : isArray(args) ? listText(args) : null,
        options.input[0],
        options.input[1],
        options.timeout,
        encoding === undefined || encoding === null ? null : text(encoding),
        options.maxBuffer,
      ],
    };
  }

  interface Streams {
    readonly stdout: unknown;
    readonly stderr: unknown;
  }

  /** The two streams of a command: texts, or, where the answer only tells the length of the first, the bytes. */
  function streams(value: unknown, body: Uint8Array | undefined): Streams {
    const { length } = value as { length?: number };
    if (length === undefined || body === undefined) return value as Streams;
    return {
      stdout: asBuffer(new Bytes(bufferOf(body), 0, length)),
      stderr: asBuffer(new Bytes(bufferOf(body), length)),
    };
  }

  const module = {
    execFileSync: (name: unknown, ...rest: unknown[]) => {
      const { asked, options } = command(name, rest);
      try {
        return asBuffer(ask(asked(options.encoding)));
      } catch (error) {
        if (options.dropsStderr && option(error, "stderr") !== undefined)
          own(error as object, "stderr", null, true);
        throw error;
      }
    },
    execFile: (name: unknown, ...rest: unknown[]) => {
      const { asked, options, callback } = command(name, rest);
      const { encoding, signal } = options;
      const answer = untilAborted(
        streams,
        // Without an encoding Node gives text, and bytes for one that is null.
        asked(encoding === undefined ? "utf8" : (encoding ?? "buffer")),
        signal,
        () => aborted(option(signal, "reason")),
      );
      if (callback === undefined) return answer;
      whenSettled(
        answer,
        (value) => {
          const { stdout, stderr } = value as Streams;
          callLater(callback, [null, stdout, stderr]);
        },
        (error) => {
          callLater(callback, [
            error,
            option(error, "stdout") ?? "",
            option(error, "stderr") ?? "",
          ]);
        },
        broken,
      );
      return undefined;
    },
  };
  // Without a callback it gives the promise that `promisify` makes of Node's.
  own(module.execFile, Symbol.for("nodejs.util.promisify.custom"), module.execFile);
  return freeze(module);
}
