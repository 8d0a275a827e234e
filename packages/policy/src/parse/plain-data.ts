/** The values that JSON has. Objects have no prototype with a name in it, so that `__proto__` is a key like any other. */
export type PlainData = null | boolean | number | string | PlainData[] | PlainObject;
export interface PlainObject {
  [key: string]: PlainData;
}

/**
 * The prototype of plain objects. zod compares whatever a value has as `length` with the longest that a list may be, and an object
 * without a primitive value would throw there.
 */
const NO_NUMBER: object = Object.freeze(
  Object.defineProperty(Object.create(null) as object, Symbol.toPrimitive, {
    value: () => Number.NaN,
  }),
);

export function emptyObject(): PlainObject {
  return Object.create(NO_NUMBER) as PlainObject;
}

export type Path = readonly (string | number)[];

/** Deepest nesting that is read. A policy needs 4 levels. */
export const MAX_DEPTH = 16;
/** Most values that are read: 10,000 rules of some ten values and their lists. */
export const MAX_VALUES = 150_000;
/**
 * Most characters of all keys and texts together, in UTF-16 code units, each counted as often as it is used. Without it, an
 * object or aliases could repeat a few texts and make the checks run over gigabytes.
 */
export const MAX_CHARACTERS = 2_097_152;

/**
 * Copies a value to bounded plain data, so that it cannot change between check and use. Getters and proxies are read once, and
 * cycles end. A key with the value undefined counts as absent.
 *
 * @param problem - Called for everything that is not plain data. If it returns, the value counts as absent. May throw.
 */
export function plainData(
  input: unknown,
  problem: (path: Path, message: string) => void,
): PlainData | undefined {
  let budget = MAX_VALUES;
  let characters = MAX_CHARACTERS;

  return copy(input, []);

  function copy(value: unknown, path: Path): PlainData | undefined {
    budget -= 1;
    if (budget === 0) problem(path, `more than ${MAX_VALUES} values`);
    if (budget <= 0 || value === undefined) return undefined;
    if (typeof value === "string") return spend(value, path) ? value : undefined;
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "number") return value;
    if (typeof value !== "object") {
      problem(path, `must be plain data, not a ${typeof value}`);
      return undefined;
    }
    if (path.length >= MAX_DEPTH) {
      problem(path, `nested deeper than ${MAX_DEPTH} levels`);
      return undefined;
    }
    const entries = entriesOf(value);
    if (entries === undefined) {
      problem(path, "cannot be read");
      return undefined;
    }
    if (Array.isArray(entries)) {
      return entries.map((item, index) => copy(item, [...path, index]) ?? null);
    }
    const object = emptyObject();
    for (const [key, item] of entries.items) {
      if (!spend(key, path)) break;
      const copied = copy(item, [...path, key]);
      if (copied !== undefined) object[key] = copied;
    }
    return object;
  }

  /** Counts a text. Returns whether all texts are still within their bound; the first that exceeds it ends the reading. */
  function spend(text: string, path: Path): boolean {
    characters -= text.length;
    if (characters >= 0) return true;
    if (budget > 0) problem(path, `more than ${MAX_CHARACTERS} characters of text in all`);
    budget = 0;
    return false;
  }
}

/** The content of an object, read once: an array's items, or the own enumerable entries; undefined if reading throws. */
function entriesOf(value: object): unknown[] | { items: [string, unknown][] } | undefined {
  try {
    if (Array.isArray(value)) {
      // Read by index up to a bound: a proxy may claim a length of 2^32, and an iterator may never end.
      const length = Math.min(Number(value.length) || 0, MAX_VALUES);
      return Array.from({ length }, (_, index): unknown => value[index]);
    }
    const keys = Object.keys(value).slice(0, MAX_VALUES);
    return { items: keys.map((key) => [key, (value as Record<string, unknown>)[key]]) };
  } catch {
    return undefined;
  }
}
