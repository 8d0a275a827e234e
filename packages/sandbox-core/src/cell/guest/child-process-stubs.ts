import type { Answers } from "./answers-and-errors.ts";
import type { Asked } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";

/** The part of `node:child_process` that cells have. Planted by its source text. */
export function childProcessStubs(
  { arraySlice, freeze, isArray, text, whenSettled }: Primordials,
  { broken, callLater }: Callbacks,
  { ask, askLater }: Answers,
  { targetText, content, option, listText }: GuestArguments,
  { asBuffer }: LibraryLoader,
) {
  interface Command {
    readonly asked: (encoding: unknown) => Asked;
    readonly options: unknown;
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
    const options = hasArgs ? second : first;
    return {
      options,
      callback,
      asked: (encoding) => {
        const input = content(option(options, "input") ?? "");
        const timeout = option(options, "timeout");
        return [
          0,
          "child_process.execFile",
          targetText(name),
          args === undefined || args === null ? "[]" : isArray(args) ? listText(args) : null,
          input[0],
          input[1],
          typeof timeout === "number" ? timeout : 0,
          encoding === undefined || encoding === null ? null : text(encoding),
        ];
      },
    };
  }

  const encodingIn = (options: unknown): unknown =>
    typeof options === "string" ? options : option(options, "encoding");
  const same = (value: unknown): unknown => value;

  return freeze({
    execFileSync: (name: unknown, ...rest: unknown[]) => {
      const { asked, options } = command(name, rest);
      return asBuffer(ask(asked(encodingIn(options))));
    },
    execFile: (name: unknown, ...rest: unknown[]) => {
      const { asked, options, callback } = command(name, rest);
      const answer = askLater(same, asked(encodingIn(options ?? "utf8")));
      if (callback === undefined) return answer;
      whenSettled(
        answer,
        (value) => {
          const { stdout, stderr } = value as { stdout: unknown; stderr: unknown };
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
  });
}
