import { URL as Base, URLSearchParams } from "whatwg-url";

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

/** The standard's URL, with the error and the looks that Node gives it. */
class URL extends Base {
  constructor(url: string, base?: string) {
    try {
      super(url, base);
    } catch (error) {
      throw named(error, url, base);
    }
  }

  static override parse(url: string, base?: string): globalThis.URL | null {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }
}

const href = Object.getOwnPropertyDescriptor(Base.prototype, "href");
Object.defineProperty(URL.prototype, "href", {
  ...href,
  set(this: URL, url: string) {
    try {
      href?.set?.call(this, url);
    } catch (error) {
      throw named(error, url);
    }
  },
});

/** The library's error as Node's, if it says that an address does not parse. */
function named(error: unknown, url: string, base?: string): unknown {
  if (!(error instanceof TypeError) || !error.message.startsWith("Invalid ")) return error;
  return Object.assign(new TypeError("Invalid URL"), {
    code: "ERR_INVALID_URL",
    input: String(url),
    ...(base === undefined ? {} : { base: String(base) }),
  });
}

type Inspect = (value: unknown, options?: object) => string;

Object.defineProperty(URL.prototype, inspectCustom, {
  value(this: URL, depth: number, options: object, inspect: Inspect) {
    if (depth < 0) return this;
    const { href, origin, protocol, username, password, host, hostname } = this;
    const { port, pathname, search, searchParams, hash } = this;
    const shown = { href, origin, protocol, username, password, host, hostname };
    const rest = { port, pathname, search, searchParams, hash };
    return `URL ${inspect({ ...shown, ...rest }, options)}`;
  },
  configurable: true,
  writable: true,
});

Object.defineProperty(URLSearchParams.prototype, inspectCustom, {
  value(this: URLSearchParams, depth: number, options: object, inspect: Inspect) {
    if (depth < 0) return "[Object]";
    const pairs = [...this].map((pair) => pair.map((text) => inspect(text, options)).join(" => "));
    return pairs.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${pairs.join(", ")} }`;
  },
  configurable: true,
  writable: true,
});

export { URL, URLSearchParams };
