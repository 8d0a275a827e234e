import { MODULE_FUNCTIONS } from "./module-rows.ts";
import { CLASSES, FUNCTIONS, GUARDED } from "./rows.ts";

/** One name of a guest, with arguments that it takes. */
export interface GuestCall {
  readonly path: string;
  readonly isClass: boolean;
  /** Source text of the arguments. */
  readonly args: string;
  /** The text by which an operation of the fuzzer makes this call; undefined for one that the fuzzer makes as it stands here. */
  readonly fuzzed?: string;
}

const rowsOf = (rows: Readonly<Record<string, string>>, isClass: boolean): GuestCall[] =>
  Object.entries(rows).map(([path, args]) => ({ path, isClass, args }));

/** Names that need no authority. */
export const FREE_CALLS: readonly GuestCall[] = [
  ...rowsOf(CLASSES, true),
  ...rowsOf(FUNCTIONS, false),
  ...rowsOf(MODULE_FUNCTIONS, false),
];

/** Those that always end in an error, and its message. */
export const FAILING_CALLS: Readonly<Record<string, string>> = {
  AbortSignal: "Illegal constructor",
  "node:assert.fail": "always",
};

/** All that a guest can name. */
export const ALL_CALLS: readonly GuestCall[] = [
  ...FREE_CALLS,
  ...Object.entries(GUARDED).map(([path, [args, fuzzed]]) => ({
    path,
    isClass: false,
    args,
    fuzzed,
  })),
];

/**
 * Guest code: a list of the calls. Each has its path, what it is a property of (`owner`), its function (`value`), fresh arguments
 * (`args`), and makes the call (`make`).
 *
 * @param callback What it gives as a callback: a guest's expression.
 */
export function callsSource(calls: readonly GuestCall[], callback = "() => {}"): string {
  const rows = calls.map(
    ({ path, isClass, args }) => `call(${JSON.stringify(path)}, ${isClass}, () => [${args}])`,
  );
  return `(() => {
    const noop = ${callback};
    // Keys may hold dots, as symbols do: the key that fits is taken, not the text up to the next dot.
    const below = (owner, rest) => {
      for (const key of Reflect.ownKeys(owner)) {
        const name = String(key);
        if (rest === name) return { owner, value: owner[key] };
        if (rest.startsWith(name + ".")) return below(owner[key], rest.slice(name.length + 1));
      }
      throw new Error("there is no " + rest);
    };
    // Each load of a module is a request to the broker: one for each is enough.
    const load = globalThis.require, loaded = new Map(), found = new Map();
    function require(name) {
      if (!loaded.has(name)) loaded.set(name, load(name));
      return loaded.get(name);
    }
    const find = (path) => {
      if (!found.has(path)) found.set(path, look(path));
      return found.get(path);
    };
    const look = (path) => {
      if (!path.startsWith("node:")) return below(globalThis, path);
      const dot = path.indexOf(".");
      const module = require(dot === -1 ? path : path.slice(0, dot));
      return dot === -1 ? { owner: undefined, value: module } : below(module, path.slice(dot + 1));
    };
    const call = (path, isClass, args) => ({ path, isClass, args,
      get owner() { return find(path).owner; },
      get value() { return find(path).value; },
      make() {
        const { owner, value } = find(path);
        return isClass ? Reflect.construct(value, args()) : Reflect.apply(value, owner, args());
      } });
    return [${rows.join(",\n")}];
  })()`;
}
