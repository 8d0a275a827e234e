import type { Primordials } from "./primordials.ts";

/** Prepares values to leave the isolate. */
export interface Values {
  /** A copy of the value made of plain values. Throws a TypeError that names the value that cannot travel. */
  readonly plain: (value: unknown) => unknown;
  /** Throws if the value may hold a WebAssembly.Module, which its copy would lose silently. */
  readonly mayNotHoldModule: () => void;
}

/**
 * Converts a value that cannot leave the isolate into one that can, as structured clone would: an object with getters becomes a
 * plain object of the values they return, and so does an object that holds such objects. All other values stay as they are.
 * Planted by its source text.
 */
export function plainValues(
  {
    descriptorOf,
    eachOf,
    hasOwn,
    isArray,
    isView,
    MapOf,
    own,
    ownKeys,
    SetOf,
    slice,
    tagged,
    TypeError,
    viewedBy,
  }: Primordials,
  limits: { readonly maxText: number },
) {
  /** Kinds of values that the copy would lose silently or report as broken bytes. */
  const barred = ["RegExp", "SharedArrayBuffer", "WebAssembly.Module"];

  /** One object, from the moment the walk meets it. */
  interface Met {
    made: unknown;
    /** The object holds itself, so its unfinished copy is already in use. */
    isUsed: boolean;
    isDone: boolean;
  }
  type Seen = ReturnType<typeof MapOf>;

  function fail(path: string, what: string): never {
    throw new TypeError(`${slice(path, 0, limits.maxText / 32)} is ${what}`);
  }

  function plain(value: unknown, path: string, seen: Seen): unknown {
    if (typeof value === "function") fail(path, "a function");
    if (typeof value === "symbol") fail(path, "a symbol");
    if (typeof value !== "object" || value === null) return value;
    const known = seen.get(value) as Met | undefined;
    if (known !== undefined) {
      if (!known.isDone) known.isUsed = true;
      return known.made;
    }
    const kind = slice(tagged(value), 8, -1);
    for (let index = 0; index < barred.length; index++)
      if (kind === barred[index]) fail(path, `a ${kind}`);
    if (isView(value)) {
      if (tagged(viewedBy(value)) === "[object SharedArrayBuffer]")
        fail(path, "a view of a SharedArrayBuffer");
      return value;
    }
    const met: Met = { made: value, isUsed: false, isDone: false };
    seen.set(value, met);
    let isChanged = false;
    if (kind === "Map") isChanged = map(value, met, path, seen);
    else if (kind === "Set") isChanged = set(value, met, path, seen);
    else isChanged = keys(value, met, path, seen);
    met.isDone = true;
    if (!isChanged && !met.isUsed) met.made = value;
    return met.made;
  }

  function map(value: object, met: Met, path: string, seen: Seen): boolean {
    const made = MapOf();
    met.made = made.map;
    let isChanged = false;
    eachOf(value, "Map", (item, key) => {
      const plainKey = plain(key, `${path} (a key)`, seen);
      const plainItem = plain(item, `${path} (an entry)`, seen);
      isChanged ||= plainKey !== key || plainItem !== item;
      made.set(plainKey, plainItem);
    });
    return isChanged;
  }

  function set(value: object, met: Met, path: string, seen: Seen): boolean {
    const made = SetOf();
    met.made = made.set;
    let isChanged = false;
    eachOf(value, "Set", (item) => {
      const plainItem = plain(item, `${path} (an entry)`, seen);
      isChanged ||= plainItem !== item;
      made.add(plainItem);
    });
    return isChanged;
  }

  function keys(value: object, met: Met, path: string, seen: Seen): boolean {
    const made: object = isArray(value) ? [] : {};
    if (isArray(value)) (made as unknown[]).length = value.length;
    met.made = made;
    let isChanged = false;
    const names = ownKeys(value);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (typeof name !== "string") continue;
      const found = descriptorOf(value, name);
      if (found === undefined || found.enumerable !== true) continue;
      const isData = hasOwn(found, "value");
      const item: unknown = isData ? found.value : (value as Record<string, unknown>)[name];
      const plainItem = plain(item, `${path}.${slice(name, 0, 64)}`, seen);
      isChanged ||= !isData || plainItem !== item;
      own(made, name, plainItem, true);
    }
    return isChanged;
  }

  return (value: unknown): unknown => plain(value, "value", MapOf());
}
