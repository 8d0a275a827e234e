import type { Abortable } from "./abortable.ts";
import type { Answers } from "./answers-and-errors.ts";
import type { LibraryLoader } from "./library-loader.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";

/** `fetch`. The library makes the request and the response; here the request crosses the wall. Planted by its source text. */
export function fetchStub(
  { apply, Bytes, indexOf, parse, slice, text }: Primordials,
  untilAborted: Abortable,
  { targetText, content, option }: GuestArguments,
  { load }: LibraryLoader,
  { retraced }: Pick<Answers, "retraced">,
) {
  type AnyFunction = (...args: unknown[]) => unknown;

  const library = (name: string, args: unknown[]): unknown =>
    apply((load("fetch") as Record<string, AnyFunction>)[name] as AnyFunction, undefined, args);

  function response(value: unknown, body: Uint8Array | undefined): unknown {
    // The head is one line of JSON. The text follows unescaped, because escaped in JSON it could be six times as long.
    const end = indexOf(value, "\n");
    const head = parse(slice(value, 0, end)) as object;
    return library("received", [head, slice(value, end + 1), body ?? new Bytes(0)]);
  }

  /** The text of a field that the guest may have put there. */
  const field = (prepared: unknown, name: string): string => text(option(prepared, name));

  return async (input: unknown, init?: unknown): Promise<unknown> => {
    const prepared = library("prepare", [input, init]);
    const body = option(prepared, "body");
    const sent = body === undefined || body === null ? content("") : content(body);
    const signal = option(prepared, "signal");
    try {
      return await untilAborted(
        response,
        [
          0,
          "fetch",
          targetText(field(prepared, "url")),
          field(prepared, "method"),
          field(prepared, "headers"),
          sent[0],
          sent[1],
          field(prepared, "redirect"),
        ],
        signal,
        (aborted) => option(aborted, "reason"),
      );
    } catch (error) {
      throw retraced(error);
    }
  };
}
