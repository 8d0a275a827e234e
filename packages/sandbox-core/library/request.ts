import { AbortController, AbortSignal } from "./event-target.ts";
import { Body, contentOf, copyOf } from "./body.ts";
import { Headers } from "./headers.ts";
import { showAs } from "./show-as.ts";
import { URL } from "./web-url.ts";

interface RequestInit {
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly redirect?: unknown;
  readonly cache?: unknown;
  readonly signal?: unknown;
}

/**
 * Longest address that is parsed, UTF-16 code units. The guard takes none that is longer, and parsing a very long one would use up
 * the guest's limits.
 */
export const MAX_ADDRESS = 65_536;

/** Members of an init that would have an effect in Node and have none here: they are refused by name. */
const NOT_OFFERED = ["dispatcher", "integrity"];

export class Request extends Body {
  readonly #url: URL;
  readonly #method: string;
  readonly #headers: Headers;
  readonly #redirect: string;
  readonly #cache: string;
  readonly #signal: AbortSignal;

  constructor(input: unknown, init: RequestInit = {}) {
    const from = input instanceof Request ? input : undefined;
    const url = from === undefined ? addressOf(input) : from.#url;
    const method = methodOf(init.method ?? from?.method ?? "GET");
    const content = contentOf(init.body);
    if (content !== null && (method === "GET" || method === "HEAD"))
      throw new TypeError("Request with GET/HEAD method cannot have body.");
    for (const name of NOT_OFFERED) {
      const value = (init as Record<string, unknown>)[name];
      if (value !== undefined && value !== null && value !== "")
        throw new TypeError(`The option '${name}' is not offered in a cell`);
    }
    const [bytes, text] =
      content === null && from !== undefined ? copyOf(from) : [content?.bytes ?? null];
    super(bytes, text);
    this.#url = url;
    this.#method = method;
    this.#headers = new Headers(init.headers ?? from?.headers);
    if (content !== null && content.type !== null && !this.#headers.has("content-type"))
      this.#headers.set("content-type", content.type);
    const redirect = String((init.redirect as string | undefined) ?? from?.redirect ?? "follow");
    if (!["follow", "manual", "error"].includes(redirect)) {
      throw new TypeError(
        `Request constructor: ${redirect} is not an accepted type. Expected one of follow, error, manual.`,
      );
    }
    this.#redirect = redirect;
    this.#cache = String((init.cache as string | undefined) ?? from?.cache ?? "default");
    const signal = init.signal === undefined ? from?.signal : init.signal;
    if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) {
      throw new TypeError(
        "Failed to construct 'Request': member signal is not of type AbortSignal.",
      );
    }
    this.#signal = signal ?? new AbortController().signal;
  }

  get method(): string {
    return this.#method;
  }

  get url(): string {
    return this.#url.href;
  }

  get headers(): Headers {
    return this.#headers;
  }

  get redirect(): string {
    return this.#redirect;
  }

  // What a browser would do differently by them, a server's fetch does not do.
  get mode(): string {
    return "cors";
  }

  get credentials(): string {
    return "same-origin";
  }

  get cache(): string {
    return this.#cache;
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  clone(): Request {
    return new Request(this);
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }
}
showAs(
  Request,
  "Request",
  ({ method, url, headers, mode, credentials, cache, redirect, signal }) => ({
    method,
    url,
    headers,
    destination: "",
    referrer: "about:client",
    referrerPolicy: "",
    mode,
    credentials,
    cache,
    redirect,
    integrity: "",
    keepalive: false,
    isReloadNavigation: false,
    isHistoryNavigation: false,
    signal,
  }),
  true,
);

function addressOf(input: unknown): URL {
  const text = String(input);
  if (text.length > MAX_ADDRESS)
    throw new TypeError(`Failed to parse URL: it has more than ${MAX_ADDRESS} characters`);
  const url = URL.parse(text);
  if (url === null)
    throw new TypeError(`Failed to parse URL from ${text}`, { cause: invalid(text) });
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(
      `Request cannot be constructed from a URL that includes credentials: ${text}`,
    );
  }
  return url;
}

function invalid(input: string): TypeError {
  return Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input });
}

function methodOf(given: unknown): string {
  const method = String(given);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method))
    throw new TypeError(`'${method}' is not a valid HTTP method.`);
  if (/^(?:connect|trace|track)$/i.test(method))
    throw new TypeError(`'${method}' HTTP method is unsupported.`);
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method;
}
