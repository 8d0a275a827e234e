const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

type Inspect = (value: unknown, options?: object) => string;

/** What a header's value is without the white space around it (Fetch standard, "normalize"). */
const normalized = (value: unknown): string =>
  String(value).replaceAll(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");

function nameOf(method: string, name: unknown): string {
  const text = String(name);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text))
    throw new TypeError(`Headers.${method}: "${text}" is an invalid header name.`);
  return text.toLowerCase();
}

function valueOf(method: string, value: unknown): string {
  const text = normalized(value);
  if (/[\0\n\r]|[^\0-\xff]/.test(text))
    throw new TypeError(`Headers.${method}: "${text}" is an invalid header value.`);
  return text;
}

/** The headers of a request or a response (Fetch standard). */
export class Headers {
  readonly #lists = new Map<string, string[]>();
  /** Each name as it was first written. */
  readonly #written = new Map<string, string>();

  constructor(init?: unknown) {
    if (init === undefined) return;
    if (typeof init !== "object" || init === null) {
      throw new TypeError("Headers constructor: init given is neither a sequence nor a record");
    }
    if (Symbol.iterator in init) {
      for (const pair of init as Iterable<unknown>) {
        const texts =
          typeof pair === "object" && pair !== null ? [...(pair as Iterable<unknown>)] : [];
        if (texts.length !== 2)
          throw new TypeError(
            "Headers constructor: expected name/value pair to be length 2, found " + texts.length,
          );
        this.append(texts[0], texts[1]);
      }
    } else {
      for (const name of Object.keys(init))
        this.append(name, (init as Record<string, unknown>)[name]);
    }
  }

  append(name: unknown, value: unknown): void {
    const key = nameOf("append", name);
    const text = valueOf("append", value);
    const list = this.#lists.get(key);
    if (list !== undefined) list.push(text);
    else {
      this.#lists.set(key, [text]);
      this.#written.set(key, String(name));
    }
  }

  set(name: unknown, value: unknown): void {
    const key = nameOf("set", name);
    this.#lists.set(key, [valueOf("set", value)]);
    this.#written.set(key, String(name));
  }

  get(name: unknown): string | null {
    const key = nameOf("get", name);
    const list = this.#lists.get(key);
    return list === undefined ? null : list.join(key === "cookie" ? "; " : ", ");
  }

  has(name: unknown): boolean {
    return this.#lists.has(nameOf("has", name));
  }

  delete(name: unknown): void {
    this.#lists.delete(nameOf("delete", name));
  }

  getSetCookie(): string[] {
    return [...(this.#lists.get("set-cookie") ?? [])];
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    for (const [name, value] of this) Reflect.apply(callback, self, [value, name, this]);
  }

  /** Sorted by name; each `set-cookie` by itself. */
  *entries(): Generator<[string, string]> {
    for (const name of [...this.#lists.keys()].toSorted()) {
      if (name === "set-cookie") {
        for (const value of this.getSetCookie()) yield [name, value];
      } else yield [name, this.get(name) ?? ""];
    }
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name;
  }

  *values(): Generator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }

  /** The headers in the order in which they came. */
  static pairsOf(headers: Headers): [string, string][] {
    return [...headers.#lists].map(([name, list]) => [
      name,
      list.join(name === "cookie" ? "; " : ", "),
    ]);
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  [inspectCustom](depth: number, options: object, inspect: Inspect): string {
    const shown = [...this.#lists].map(([key, list]) => [
      this.#written.get(key) ?? key,
      list.join(key === "cookie" ? "; " : ", "),
    ]);
    return `Headers ${inspect(Object.fromEntries(shown), { ...options, depth })}`;
  }
}
export const { pairsOf } = Headers;
Reflect.deleteProperty(Headers, "pairsOf");
