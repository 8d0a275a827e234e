import type { Answers } from "./answers-and-errors.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";

/** `fetch` and its response. Planted by its source text. */
export function fetchStub(
  { bufferOf, Bytes, create, freeze, indexOf, lower, parse, slice, text }: Primordials,
  { askLater }: Answers,
  { targetText, content, option, pairsText }: GuestArguments,
) {
  function response(value: unknown, body: Uint8Array | undefined): object {
    // The head is one line of JSON. The text follows unescaped, because escaped in JSON it could be six times as long.
    const end = indexOf(value, "\n");
    const bodyText = slice(value, end + 1);
    const head = parse(slice(value, 0, end)) as {
      status: number;
      statusText: string;
      url: string;
      redirected: boolean;
      headers: [string, string][];
    };
    const table = create(null) as Record<string, string>;
    for (let index = 0; index < head.headers.length; index++) {
      const pair = head.headers[index] as [string, string];
      const before = table[pair[0]];
      table[pair[0]] = before === undefined ? pair[1] : `${before}, ${pair[1]}`;
    }
    const bytes = body ?? new Bytes(0);
    return freeze({
      ok: head.status >= 200 && head.status < 300,
      status: head.status,
      statusText: head.statusText,
      url: head.url,
      redirected: head.redirected,
      headers: freeze({
        get: (name: unknown) => table[lower(text(name))] ?? null,
        has: (name: unknown) => table[lower(text(name))] !== undefined,
        entries: () => head.headers,
      }),
      text: async () => bodyText,
      json: async () => parse(bodyText) as unknown,
      arrayBuffer: async () => bufferOf(new Bytes(bytes)),
      bytes: async () => new Bytes(bytes),
    });
  }

  return async (input: unknown, init?: unknown): Promise<unknown> => {
    const body = option(init, "body");
    const redirect = option(init, "redirect");
    const sent = body === undefined || body === null ? content("") : content(body);
    return await askLater(response, [
      0,
      "fetch",
      targetText(typeof input === "string" ? input : option(input, "href")),
      text(option(init, "method") ?? "GET"),
      pairsText(option(init, "headers")),
      sent[0],
      sent[1],
      redirect === undefined ? "follow" : text(redirect),
    ]);
  };
}
