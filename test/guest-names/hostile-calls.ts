import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { ALL_CALLS, callsSource } from "./guest-calls.ts";
import { REACH } from "./reach.ts";

/** Guest code: ids of the denials that the guest before it was told of, by an error of whatever way. */
export const TOLD_OF = "toldOf()";

/** What a guest reports that has called every name with hostile arguments. */
export interface Tried {
  /** What came to it and that neither the engine nor the guest's own realm has. */
  readonly foreign: readonly string[];
  /** How many functions it called, and how many values came to it: results, errors, and what its own code was called with. */
  readonly called: number;
  readonly caught: number;
}

/** Guest code that waits for what calls have begun, and ends with what they came to. */
const ACCOUNT = `
    const caught = new Set(), denials = new Set(), waits = [];
    const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
    const note = (error) => {
      if (!isObject(error)) return;
      caught.add(error);
      try { if (Object.hasOwn(error, "denialId")) denials.add(error.denialId); } catch {}
    };
    const isA = (value, prototype) => { try { return Object.getPrototypeOf(value) === prototype; } catch { return false; } };
    const then = Promise.prototype.then, anyTimer = setTimeout(() => {}, 0);
    const keep = (made) => {
      if (!isObject(made)) return;
      caught.add(made);
      if (isA(made, Promise.prototype)) waits.push(Reflect.apply(then, made, [keep, note]));
      else if (isA(made, Object.getPrototypeOf(anyTimer))) clearTimeout(made);
    };
    const attempt = (make) => { try { keep(make()); } catch (error) { note(error); } };
    globalThis.toldOf = () => [...denials];
    // Some promises wait for what never comes.
    const settled = async () => { await Promise.race([Promise.allSettled(waits), new Promise((go) => { setTimeout(go, 300); })]); };`;

/** A guest that makes every call from the end of its stack, where nothing is loaded yet. */
export const CALLS_AT_THE_END = `(async () => { ${ACCOUNT}
    for (const call of ${callsSource(ALL_CALLS, "note")}) {
      let frames = 0;
      const deeper = () => {
        try { deeper(); } catch {}
        // At 4, 16, 64, … frames from the end: the first tries have no room, and the last have enough.
        frames += 1;
        if (Number.isInteger(Math.log2(frames) / 2)) attempt(() => call.make());
      };
      try { deeper(); } catch {}
    }
    await settled();
  })()`;

/**
 * Every word of the code that the cell plants: what it looks up by a name, it looks up by one of these. Those of a property's description
 * are left out, since no program could describe one with them.
 */
function plantedWords(): string[] {
  const folder = path.join(import.meta.dirname, "../../packages/sandbox-core/dist/cell/guest");
  const files = readdirSync(folder).filter((file) => file.endsWith(".js"));
  const text = files.map((file) => readFileSync(path.join(folder, file), "utf8")).join("\n");
  const words = new Set(text.match(/(?<=\.)[A-Za-z_$][\w$]*|[A-Za-z_$][\w$]*(?=[,:}])/g));
  return [...words].filter((word) => !["get", "set", "value", "writable"].includes(word));
}

/** Guest code: `pollute` makes all objects have these names and tell of whoever reads or writes one, and changes nothing for them. */
const POLLUTION = `
    const planted = [];
    const pollute = (words) => {
      for (const prototype of [Object.prototype, Array.prototype])
        for (const word of words) {
          if (word in prototype) continue;
          planted.push([prototype, word]);
          Object.defineProperty(prototype, word, { __proto__: null, configurable: true,
            get() { "use strict"; note(this); return undefined; },
            set(value) {
              "use strict";
              note(this); note(value);
              Object.defineProperty(this, word, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
            } });
        }
    };
    const clean = () => { for (const [prototype, word] of planted) delete prototype[word]; };`;

/** Guest code: arguments that throw when they are looked at, that look at who looks, or that are none. */
const HOSTILE = `
    const shown = new Set([Symbol.for("nodejs.util.inspect.custom"), Symbol.toStringTag]);
    const mine = () => { throw new RangeError("mine"); };
    const screaming = new Proxy({}, new Proxy({}, { get: () => mine }));
    const revoked = (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })();
    const all = (values) => { for (const value of values) note(value); };
    const snoop = new Proxy(function () {}, {
      // Looked at by \`inspect\` it is a function with a name: one whose name is itself again would be shown for ever.
      get: (_, key) => key === "name" ? "snoop" : key === Symbol.toPrimitive ? () => "snoop" : key === "then" || shown.has(key) ? undefined : snoop,
      apply: (_, self, args) => { all([self, ...args]); return snoop; },
      construct: (_, args) => { all(args); return snoop; },
      set: (_, key, value) => { note(value); return true; },
    });
    const species = (value) => Object.defineProperty(value, "constructor", { __proto__: null, value: { [Symbol.species]: function (...args) { all(args); mine(); } } });
    const detached = () => { const bytes = new Uint8Array(4); bytes.buffer.transfer(); return bytes; };
    const hostile = [() => screaming, () => revoked, () => snoop,
      () => ({ get [Symbol.iterator]() { mine(); }, toString: mine, valueOf: mine, toJSON: mine, get encoding() { mine(); } }),
      () => species(new Uint8Array(4)), () => species([1, 2]), () => species(Promise.resolve(1)), () => species(new ArrayBuffer(4)), detached,
      () => new Uint8Array(new ArrayBuffer(1, { maxByteLength: 8 })), () => undefined, () => null, () => 2 ** 53, () => Symbol("s"),
      () => "\\ud800\\0", () => "__proto__"];`;

/**
 * A guest that calls every name, and every method and accessor of what the names give, with each hostile argument in each place.
 *
 * @param isPolluted Whether every object has, by inheritance, each name that the cell's own code may look up.
 */
export function hostileCalls(isPolluted: boolean): string {
  return `(async () => { ${REACH} ${ACCOUNT} ${POLLUTION} ${HOSTILE}
    const known = reach([...kinds(), ...globals([]), ...modules()], true);
    const isOurs = (fn) => typeof fn === "function" && !known.get(fn)?.isNative;
    const called = new Set();
    pollute(${JSON.stringify(isPolluted ? [...plantedWords(), "0", "1", "2", "3"] : [])});
    // In strict code frames tell nothing of themselves; what they tell is the guest's to use.
    Error.prepareStackTrace = (_, frames) => { for (const frame of frames) all([frame.getThis(), frame.getFunction()]); return "stack"; };
    const tryAll = (fn, self, good, isClass) => {
      called.add(fn);
      const call = (args) => attempt(() => isClass ? Reflect.construct(fn, args) : Reflect.apply(fn, self(), args));
      call(good());
      if (isClass) attempt(() => Reflect.apply(fn, undefined, good()));
      for (let place = 0; place <= good().length; place++)
        for (const make of hostile) call(Object.assign(good(), { [place]: make() }));
    };
    const tryMembers = (make) => {
      let owner;
      try { keep(owner = make()); } catch (error) { note(error); }
      for (; isObject(owner); owner = Object.getPrototypeOf(owner)) {
        if (owner === Object.prototype || owner === Array.prototype || owner === snoop) return;
        for (const key of Reflect.ownKeys(owner)) {
          const { value, get, set } = Object.getOwnPropertyDescriptor(owner, key) ?? {};
          for (const fn of [value, get, set]) if (isOurs(fn) && !called.has(fn)) tryAll(fn, make, () => ["a"], false);
        }
      }
    };
    const calls = ${callsSource(ALL_CALLS, "note")};
    for (const call of calls) tryAll(call.value, () => call.owner, call.args, call.isClass);
    for (const call of calls) {
      tryMembers(() => call.value);
      tryMembers(() => call.make());
    }
    for (const [fn] of known) if (isOurs(fn) && !called.has(fn)) tryAll(fn, () => undefined, () => ["a"], false);
    await settled();
    Error.prepareStackTrace = undefined;
    clean();
    const mineToo = new Set([snoop, screaming, revoked, mine]);
    const foreign = [];
    for (const [value, { path, isFunction, isNative }] of reach([...caught].map((value, at) => ["caught " + at, value]), false)) {
      if (mineToo.has(value) || known.has(value)) continue;
      // What resolves a promise takes one value; what the cell gives to an isolate has no length and no name.
      const isPlain = isNative && (value.name.startsWith("bound ") || (value.name === "" && value.length > 0));
      if (isNative && !isPlain) foreign.push(path + ": " + value.name);
      // The end of a chain is this realm's, or an object without one.
      if (!isFunction && Object.getPrototypeOf(value) === null && Object.hasOwn(value, "__lookupGetter__")) foreign.push(path + ": another realm");
    }
    return {
      foreign, called: called.size, caught: caught.size,
    };
  })()`;
}
