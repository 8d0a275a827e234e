import type { Answers } from "./answers-and-errors.ts";
import type { LibraryLoader } from "./library-loader.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";

/** `fetch`. The library makes the request and the response; here the request crosses the wall. Planted by its source text. */
export function fetchStub(
  { apply, Bytes, indexOf, parse, Promise, slice, text, whenSettled }: Primordials,
  { askLater }: Answers,
  { targetText, content, option }: GuestArguments,
  { load }: LibraryLoader,
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
    const reason = (): unknown => option(signal, "reason");
    if (option(signal, "aborted") === true) throw reason();
    const answer = askLater(response, [
      0,
      "fetch",
      targetText(field(prepared, "url")),
      field(prepared, "method"),
      field(prepared, "headers"),
      sent[0],
      sent[1],
      field(prepared, "redirect"),
    ]);
    return await new Promise((resolve, reject) => {
      const abort = (): void => {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- whatever the program gave as the reason
        reject(reason());
      };
      const listen = option(signal, "addEventListener");
      if (typeof listen === "function")
        apply(listen as AnyFunction, signal, ["abort", abort, { once: true }]);
      whenSettled(
        answer,
        (value) => {
          const unlisten = option(signal, "removeEventListener");
          if (typeof unlisten === "function")
            apply(unlisten as AnyFunction, signal, ["abort", abort]);
          resolve(value);
        },
        reject,
        reject,
      );
    });
  };
}
