type Inspect = (value: unknown, options?: object) => string;

/**
 * Makes `inspect` show what Node shows of a class whose state is private.
 *
 * @param isWhole Whether it is shown however deep it stands, as the classes of Node's `fetch` are.
 */
export function showAs<T extends object>(
  of: abstract new (...args: never[]) => T,
  name: string,
  shown: (value: T) => object,
  isWhole = false,
): void {
  Object.defineProperty(of.prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: T, depth: number, options: { readonly depth?: number | null }, inspect: Inspect) {
      if (depth < 0 && !isWhole) return this;
      const { depth: rest } = options;
      const inner = isWhole
        ? { ...options, depth: rest ?? 2 }
        : { ...options, depth: typeof rest === "number" ? rest - 1 : null };
      return `${name === "" ? "" : `${name} `}${inspect(shown(this), inner)}`;
    },
    configurable: true,
    writable: true,
  });
}
