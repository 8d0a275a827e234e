import type { LibraryBridge } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";

export type LibraryLoader = ReturnType<typeof libraryLoader>;

/**
 * Loads the parts of the guest library, each at its first use. A part is the guest's own code: it gets nothing that the guest does
 * not have, so it does not matter what the guest has made of the realm that the part runs in. Planted by its source text.
 */
export function libraryLoader(
  { library: textOf }: LibraryBridge,
  {
    apply,
    create,
    defineProperty,
    Error,
    freeze,
    indirectEval,
    isBytes,
    own,
    realm,
    setPrototypeOf,
  }: Primordials,
) {
  interface Part {
    exports: unknown;
    /** Whether it has run to its end. */
    isDone: boolean;
  }
  const loaded = create(null) as Record<string, Part>;

  function load(name: string): unknown {
    const known = loaded[name];
    if (known !== undefined) return known.exports;
    const text = textOf(name);
    if (typeof text !== "string") throw new Error(`Cannot load '${name}'`);
    const module: Part = { exports: {}, isDone: false };
    // Register it before it runs: in a cycle, the other part gets the exports that exist so far.
    loaded[name] = module;
    try {
      const body = indirectEval(
        `(function (module, exports, require) {${text}\n})\n//# sourceURL=node:internal/${name}`,
      ) as (...args: unknown[]) => void;
      apply(body, undefined, [module, module.exports, load]);
      module.isDone = true;
    } catch (error) {
      // Forget the part wherever it was cut off: the next use loads it anew.
      delete loaded[name];
      throw error;
    }
    return module.exports;
  }

  let buffers: object | undefined;

  return {
    load,

    /** Gives the parts what they need of the runtime. The guest must have each of these functions by another name. */
    offer: (functions: Readonly<Record<string, unknown>>): void => {
      loaded["#runtime"] = { exports: freeze(functions), isDone: true };
    },

    /**
     * Makes a global name load its part when it is first read.
     *
     * @param isWhole Whether the name stands for the part as a whole, and not for its member of that name.
     */
    defineLazy: (name: string, part: string, isWhole: boolean): void => {
      defineProperty(realm, name, {
        __proto__: null,
        get: () => {
          // A part that looks whether the realm has a name which it is about to make must find that it has not.
          if (loaded[part]?.isDone === false) return undefined;
          const exports = load(part);
          const value = isWhole ? exports : (exports as Record<string, unknown>)[name];
          own(realm, name, value);
          return value;
        },
        set: (value: unknown) => {
          own(realm, name, value);
        },
        configurable: true,
        enumerable: false,
      } as PropertyDescriptor);
    },

    /** Makes a Buffer of bytes that came over the wall; all other values stay as they are. */
    asBuffer: (value: unknown): unknown => {
      if (!isBytes(value)) return value;
      buffers ??= (load("node:buffer") as { Buffer: { prototype: object } }).Buffer.prototype;
      return setPrototypeOf(value, buffers);
    },
  };
}
