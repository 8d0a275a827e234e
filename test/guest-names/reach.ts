import { builtinModules } from "node:module";
import { runInNewContext } from "node:vm";

import type { Sandbox } from "@pyisolate/sandbox-core";

/** One function that code in an isolate can reach, by the shortest way to it. */
export interface Reached {
  /** From a global name or a module's: `URL.canParse`, `node:fs.readFileSync`; `/get` and `/set` end an accessor's. */
  readonly path: string;
  /** Whether it has no source text, as the engine's own functions have not. */
  readonly isNative: boolean;
}

/** Modules that a guest may ask for: every one of Node's, of which a cell has some. */
export const MODULES: readonly string[] = builtinModules.map((name) =>
  name.startsWith("node:") ? name : `node:${name}`,
);

/**
 * Guest code: `reach(roots, isReading)` gives every object that can be reached from pairs of a path and a value, the nearest first. Where
 * two ways are as long, the one of the earlier root counts. A reader makes the names that are made when they are first read.
 */
export const REACH = `
  const reach = (roots, isReading) => {
    const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const source = Function.prototype.toString;
    const found = new Map();
    const next = [];
    const look = (path, value) => {
      const kind = typeof value;
      if ((kind === "object" || kind === "function") && value !== null && !found.has(value)) next.push([path, value]);
    };
    const add = (path, value) => {
      if (found.has(value)) return;
      const isFunction = typeof value === "function";
      found.set(value, { path, isFunction, isNative: isFunction && /\\[native code\\]\\s*\\}$/.test(source.call(value)) });
      for (const key of Reflect.ownKeys(value)) {
        if (isReading) try { value[key]; } catch {}
        const property = getOwnPropertyDescriptor(value, key);
        const name = path + "." + String(key);
        look(name, property?.value);
        look(name + "/get", property?.get);
        look(name + "/set", property?.set);
      }
      look(path + ".__proto__", getPrototypeOf(value));
    };
    for (const [path, value] of roots) look(path, value);
    // A proxy may throw at any look.
    for (let at = 0; at < next.length; at++) try { add(next[at][0], next[at][1]); } catch {}
    return found;
  };
  const functionsAmong = (found) => [...found.values()].filter(({ isFunction }) => isFunction);
  // Values whose kinds no global name leads to.
  const kinds = () => [function* () {}, async () => {}, async function* () {}, [].values(), new Map().entries(), new Set().values(),
    ""[Symbol.iterator](), "".matchAll(/a/g), [].values().map(() => 1), Iterator.from({ next() {} }), new Error(), new Intl.Segmenter().segment("")]
    .map((value, index) => ["kind " + index, value]);
  const globals = (first) => {
    const names = Reflect.ownKeys(globalThis).map(String);
    return [...first, ...names.filter((name) => !first.includes(name))].map((name) => [name, globalThis[name]]);
  };
  const modules = () => {
    const found = [];
    for (const name of ${JSON.stringify(MODULES)}) try { found.push([name, require(name)]); } catch {}
    return found;
  };
`;

/** Paths of the functions of a realm of V8 in which nothing was planted: the isolate's engine is Node's own. */
function ofTheEngine(): { names: string[]; paths: Set<string> } {
  const told = JSON.parse(
    runInNewContext(`(() => { ${REACH}
      const all = globals([]);
      return JSON.stringify({ names: all.map(([name]) => name), found: functionsAmong(reach([...kinds(), ...all], true)) });
    })()`) as string,
  ) as { names: string[]; found: Reached[] };
  return { names: told.names, paths: new Set(told.found.map(({ path }) => path)) };
}

/** What a guest can reach that a realm of V8 alone has not. */
export interface GuestNames {
  /** Modules that a cell has. */
  readonly modules: readonly string[];
  /** Functions with a source text: planted, or of the library. */
  readonly planted: readonly string[];
  /** Functions without one that the engine does not have by that path: what the cell gave to the isolate. There must be none. */
  readonly foreign: readonly string[];
}

/** Looks from inside: the cell must be granted every module. */
export async function reachedIn(cell: Sandbox): Promise<GuestNames> {
  const engine = ofTheEngine();
  const { modules, found } = (await cell.exec(`(() => { ${REACH}
    const loaded = modules();
    const all = [...kinds(), ...globals(${JSON.stringify(engine.names)}), ...loaded];
    return { modules: loaded.map(([name]) => name), found: functionsAmong(reach(all, true)) };
  })()`)) as { modules: string[]; found: Reached[] };
  return {
    modules,
    planted: found.filter(({ isNative }) => !isNative).map(({ path }) => path),
    foreign: found
      .filter(({ path, isNative }) => isNative && !engine.paths.has(path))
      // The engine's own, which Node takes from the realms that it makes.
      .filter(({ path }) => !path.startsWith("Intl.v8BreakIterator"))
      .map(({ path }) => path),
  };
}

/** The names among paths: not the methods of instances, which belong to the class, and not accessors. */
export function namesAmong(paths: readonly string[]): string[] {
  return paths.filter((path) => !/\.prototype\.|\.__proto__|\/[gs]et|^kind /.test(path));
}
