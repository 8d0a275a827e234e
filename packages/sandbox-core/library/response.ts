import { Body, contentOf, type Copied, copyOf } from "./body.ts";
import { Headers } from "./headers.ts";
import { showAs } from "./show-as.ts";

const NULL_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface ResponseInit {
  readonly status?: number;
  readonly statusText?: unknown;
  readonly headers?: unknown;
}

/** What the server's answer says before its body. */
export interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: readonly (readonly [string, string])[];
}

export class Response extends Body {
  readonly #status: number;
  readonly #statusText: string;
  readonly #headers: Headers;
  #url = "";
  #isRedirected = false;
  #type = "default";

  constructor(body?: unknown, init: ResponseInit = {}, given?: Copied, isCopy = false) {
    const content = given === undefined ? contentOf(body) : null;
    const [bytes, text] = given ?? [content?.bytes ?? null];
    super(bytes, text, isCopy);
    const { status = 200, statusText = "" } = init;
    if (given === undefined && (!Number.isInteger(status) || status < 200 || status > 599))
      throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    this.#status = status;
    this.#statusText = String(statusText);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(this.#statusText))
      throw new TypeError("Invalid statusText");
    this.#headers = new Headers(init.headers);
    if (content !== null) {
      if (NULL_BODY.has(status))
        throw new TypeError(`Response constructor: Invalid response status code ${status}`);
      if (content.type !== null && !this.#headers.has("content-type"))
        this.#headers.set("content-type", content.type);
    }
  }

  get status(): number {
    return this.#status;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get headers(): Headers {
    return this.#headers;
  }

  get url(): string {
    return this.#url;
  }

  get redirected(): boolean {
    return this.#isRedirected;
  }

  get type(): string {
    return this.#type;
  }

  clone(): Response {
    const { status, statusText, headers } = this;
    const made = new Response(null, { status, statusText, headers }, copyOf(this), true);
    made.#url = this.#url;
    made.#isRedirected = this.#isRedirected;
    made.#type = this.#type;
    return made;
  }

  static json(data: unknown, init: ResponseInit = {}): Response {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Value is not JSON serializable");
    return new Response(text, { ...init, headers });
  }

  static error(): Response {
    const made = new Response(null, { status: 0 }, [null]);
    made.#type = "error";
    return made;
  }

  static redirect(url: string, status = 302): Response {
    if (!REDIRECTS.has(status)) throw new RangeError(`Invalid status code ${status}`);
    return new Response(null, { status, headers: { location: new URL(url).href } });
  }

  /** The response that came over the wall. */
  static received(head: Head, text: string, bytes: Uint8Array): Response {
    const body = NULL_BODY.has(head.status) ? null : bytes;
    const made = new Response(null, head, [body, text]);
    made.#url = head.url;
    made.#isRedirected = head.redirected;
    made.#type = "basic";
    return made;
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }
}
showAs(
  Response,
  "Response",
  ({ status, statusText, headers, body, bodyUsed, ok, redirected, type, url }) => ({
    status,
    statusText,
    headers,
    body,
    bodyUsed,
    ok,
    redirected,
    type,
    url,
  }),
  true,
);
export const { received } = Response;
Reflect.deleteProperty(Response, "received");
