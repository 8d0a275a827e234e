import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf, rejectionOf, until } from "../../testing/cells.ts";

// A guest that replaces what the planted code stands on hurts itself at most: test/escape holds the host to that; here it is
// shown that the stubs go on, and that what is theirs stays hidden.

let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(() => {
  supervisor = new Supervisor({
    policy: policyOf([{ id: "rng", effect: "allow", capability: "random" }]),
  });
});

beforeEach(async () => {
  cell = await supervisor.spawn("tamperer");
  // What the planted code hands to anything of the guest's lands in `seen`, a chain, since arrays are tampered with.
  await cell.exec(`globalThis.seen = null; let left = 3000; globalThis.note = (value) => { if (left-- > 0) seen = { __proto__: null, value, rest: seen }; };
    globalThis.draw = Math.random; globalThis.keys = Reflect.ownKeys; globalThis.fs = require("fs"); globalThis.old = null;
    try { fs.readFileSync("/old"); } catch (error) { old = error; } 0`);
});

afterAll(async () => {
  await supervisor.close();
});

/** Replaces properties by accessors that note what they are used on, the tampering itself not stumbling over its own work. */
const replace = (
  targets: string,
): string => `(() => { const targets = ${targets}; const { defineProperty } = Object;
  for (let index = 0; index < targets.length; index++) {
    const target = targets[index];
    try { defineProperty(target.on, target.key, { __proto__: null, get() { note(this); return undefined; }, set(value) { note(value); }, configurable: false }); } catch {}
  } })()`;
const everywhere =
  replace(`[Object.prototype, Array.prototype, String.prototype, Promise.prototype, Function.prototype, Error.prototype, Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), WeakMap.prototype]
  .flatMap((on) => Reflect.ownKeys(on).filter((key) => key !== "constructor" && key !== "__proto__").map((key) => ({ __proto__: null, on, key })))`);
const numbers = replace(
  `[0, 1, 2, 3, 4, 5, "ok", "value", "denial", "name", "message", "type", "get", "set", "then", "encoding", "recursive", "exports"].map((key) => ({ __proto__: null, on: Object.prototype, key }))`,
);

const TAMPERING: Readonly<Record<string, string>> = {
  "every method of every prototype": everywhere,
  "numbers and names on Object.prototype": numbers,
  "Symbol.split and its like on String.prototype": `for (const symbol of [Symbol.split, Symbol.replace, Symbol.match, Symbol.search, Symbol.iterator, Symbol.toPrimitive]) Object.defineProperty(String.prototype, symbol, { value() { note(arguments); return ["a", "b", old.denialId]; } });`,
  "Symbol.hasInstance": `for (const constructor of [Error, TypeError, ArrayBuffer, Promise]) Object.defineProperty(constructor, Symbol.hasInstance, { value(value) { note(value); return true; } });`,
  "the species of arrays and bytes": `for (const constructor of [Array, Promise, Object.getPrototypeOf(Uint8Array), ArrayBuffer]) Object.defineProperty(constructor, Symbol.species, { get() { note(this); return undefined; } });`,
  "stack traces": `Error.prepareStackTrace = (error, frames) => { for (const frame of frames) note(frame.getThis()), note(frame.getFunction()); return ""; };`,
  "every global": `for (const name of Object.getOwnPropertyNames(globalThis)) if (!["seen", "note", "draw", "keys", "fs", "old", "globalThis", "undefined", "NaN", "Infinity", "Math", "eval", "JSON"].includes(name)) try { globalThis[name] = function (...args) { note(args); return {}; }; } catch {}`,
};

test.each(Object.entries(TAMPERING))(
  "with %s replaced, a refusal is the new event's, and the random guard still answers",
  async (_what, tampering) => {
    await cell.exec(`${tampering}; undefined`);
    const refused = await rejectionOf(cell.exec(`fs.readFileSync("/new")`));
    expect(refused).toMatchObject({ name: "PolicyError", denialEvent: { target: "/new" } });
    expect(await cell.exec("draw()")).toBeTypeOf("number");
    const later = await rejectionOf(cell.exec(`fs.promises.readFile("/later")`));
    expect(["PolicyError", "GuestError"]).toContain(later.name);
    // Without a `then` the guest does not wait for it; the request is made, and refused, all the same.
    await until("the refusal of what the guest does not await", () => cell.stats.denials === 3);
    expect(cell.denialEvents().map(({ target }) => target)).toEqual(["/old", "/new", "/later"]);
  },
);

test.each(Object.entries(TAMPERING))(
  "with %s replaced, nothing of the bridge is seen",
  async (_what, tampering) => {
    await cell.exec(`${tampering}; undefined`);
    for (const program of [
      `fs.readFileSync("/x")`,
      `fs.promises.writeFile("/x", new Uint8Array(9))`,
      `crypto.getRandomValues(new Uint8Array(4))`,
      `console.log("a", { b: 1 })`,
      `post({ a: [1] })`,
      `setTimeout(() => {}, 1)`,
      `import("none")`,
      `fetch("http://127.0.0.1:1/")`,
    ]) {
      await cell.exec(program).catch(() => undefined);
    }
    const found = await cell.exec(`(() => { let out = "";
    const look = (value, depth) => {
      if (depth > 3 || (typeof value !== "object" && typeof value !== "function") || value === null || value === globalThis) return;
      let names = [];
      try { names = keys(value); } catch {}
      for (let index = 0; index < names.length; index++) {
        const name = names[index];
        if (typeof name !== "string") continue;
        if (name === "ask" || name === "done" || name === "clearTimer" || name === "settle" || name === "indirectEval" || name === "takePlainGiven") out += name + ";";
        try { look(value[name], depth + 1); } catch {}
      }
    };
    for (let at = seen; at !== null; at = at.rest) look(at.value, 0);
    return out; })()`);
    expect(found).toBe("");
  },
);

test("what a cell offers is what Node and browsers call it, and none of it is the runtime's own", async () => {
  const names = (await cell.exec(
    `const before = new Set(["seen", "note", "draw", "keys", "fs", "old"]); Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name) && !/^[A-Z]|^(globalThis|undefined|eval|isFinite|isNaN|parse(Float|Int)|(de|en)codeURI(Component)?|(un)?escape|console)$/.test(name)).sort()`,
  )) as string[];
  expect(names).toEqual([
    "__import__",
    "atob",
    "btoa",
    "clearImmediate",
    "clearInterval",
    "clearTimeout",
    "crypto",
    "fetch",
    "global",
    "performance",
    "post",
    "process",
    "queueMicrotask",
    "require",
    "setImmediate",
    "setInterval",
    "setTimeout",
    "structuredClone",
  ]);
});

test("a refusal's class cannot be had from a refusal", async () => {
  expect(
    await cell.exec(
      "[old.constructor === Error, Object.getPrototypeOf(old).constructor === Error, old instanceof Error, old.name, Object.keys(old).includes('stack')]",
    ),
  ).toEqual([true, true, true, "PolicyError", false]);
});

test("what a guest throws that looks like a refusal is its own error", async () => {
  const forged = await rejectionOf(
    cell.exec(
      `const e = new Error("filesystem denied (no_rule)"); e.name = "PolicyError"; e.denialId = old.denialId; e.capability = "filesystem"; Object.setPrototypeOf(e, Object.getPrototypeOf(old)); throw e`,
    ),
  );
  expect(forged.name).toBe("GuestError");
});

test("results that fight back fail in the guest", async () => {
  for (const program of [
    "({ get x() { throw 1 } })",
    "new Proxy({}, {})",
    "[() => 1]",
    "({ then(yes) { yes({ get x() { return fs.readFileSync('/x') } }) } })",
    "Symbol()",
    "Promise.reject(null)",
    "throw undefined",
    "throw { get message() { throw 1 } }",
  ]) {
    const error = await rejectionOf(cell.exec(program));
    expect(["GuestError", "PolicyError"]).toContain(error.name);
  }
  expect(await cell.exec("1 + 1")).toBe(2);
});

test("a program whose promises are tampered with fails at once, and does not wait for its time to be up", async () => {
  await cell.exec(
    `Object.defineProperty(Promise.prototype, "constructor", { get() { throw new Error("mine") } }); 0`,
  );
  const error = await rejectionOf(cell.exec("(async () => 5)()"));
  expect(error).toMatchObject({ name: "GuestError", message: "mine" });
});
