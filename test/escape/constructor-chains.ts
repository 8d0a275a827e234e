import assert from "node:assert/strict";

import { MODULES } from "../guest-names/reach.ts";
import { arena } from "./arena/arena.ts";

// Walks every object that the guest can reach, and from each the function constructors behind it, in search of a realm that
// is not the guest's own: one whose global has what only Node has.
const walk = (libraries: readonly string[]): string => `
  const MODULES = ${JSON.stringify(libraries)};
  const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
  const worlds = [], foreign = [], seen = new Set(), home = globalThis;
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const constructors = (value) => {
    const found = [];
    try { found.push(value.constructor, value.constructor?.constructor, value.__proto__?.constructor?.constructor); } catch {}
    return found.filter((candidate) => typeof candidate === "function");
  };
  function look(value, path) {
    for (const make of constructors(value)) {
      if (seen.has(make)) continue;
      seen.add(make);
      try { worlds.push([path, make("return globalThis")()]); } catch {}
    }
  }
  function visit(value, path, depth) {
    if (!isObject(value) || seen.has(value) || depth > 12) return;
    seen.add(value);
    look(value, path);
    let keys = [];
    try { keys = Reflect.ownKeys(value); visit(getPrototypeOf(value), path + ".__proto__", depth + 1); } catch {}
    for (const key of keys) {
      const property = getOwnPropertyDescriptor(value, key);
      const name = path + "." + String(key);
      visit(property?.get, name, depth + 1);
      visit(property?.set, name, depth + 1);
      visit(property?.value, name, depth + 1);
    }
  }
  const errors = [];
  const failing = (work) => { try { return work(); } catch (error) { errors.push(error); return error; } };
  failing(() => Math.random());
  failing(() => require("node:fs").readFileSync("/nowhere"));
  failing(() => require("node:fs").readFileSync(1));
  failing(() => null.x);
  failing(() => { (function deep() { deep(); })(); });
  failing(() => post(() => 1));
  (async () => {
    const promises = [fetch("http://127.0.0.1:1/"), require("node:fs").promises.readFile("/nowhere"), import("node:fs"), (async () => 1)()];
    const settled = await Promise.allSettled(promises);
    // A name of the library is made when it is first read.
    for (const name of Reflect.ownKeys(globalThis)) globalThis[name];
    visit(globalThis, "globalThis", 0);
    for (const name of MODULES) {
      let module;
      try { module = require(name); } catch { continue; }
      visit(module, name, 0);
    }
    for (const [at, value] of [...errors, ...promises, ...settled].entries()) visit(value, "result " + at, 0);
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    visit(bytes, "bytes", 0); visit(bytes.buffer, "buffer", 0);
    for (const make of [function* () {}, async function () {}, async function* () {}, () => {}]) visit(make, "function", 0);
    try { arguments.callee.caller; } catch (error) { visit(error, "strict error", 0); }
    visit(require("supplied"), "module", 0); visit(await import("supplied-esm"), "namespace", 0);
    for (const [path, made] of worlds) {
      // An async function or a generator gives its global in a wrapping.
      const world = await (typeof made?.next === "function" ? (await made.next()).value : made);
      if (isObject(world) && world !== home) foreign.push(path + " leads to another global");
    }
    const names = ["module", "exports", "__dirname", "SharedArrayBuffer_host", "ivm", "__pyisolate_held__"];
    return { foreign, visited: seen.size, named: names.filter((name) => name in globalThis) };
  })()`;

const modules = {
  supplied: "module.exports = { self: module, require, process, f() {} };",
  "supplied-esm": "export const f = () => {}; export class C {}",
};
const rules = [
  { id: "mods", effect: "allow", capability: "import", modules: ["*"] },
  { id: "rng", effect: "allow", capability: "random", operations: ["read"] },
];

await arena({ rules, modules }, async ({ spawn }) => {
  const cell = await spawn();
  const { foreign, visited, named } = (await cell.exec(walk(MODULES))) as Record<string, unknown>;
  assert.deepEqual(foreign, []);
  assert.deepEqual(named, []);
  assert.ok(Number(visited) > 500, `the walk saw ${String(visited)} objects`);
  // What a guest has as `process` has nothing of a process.
  assert.deepEqual(await cell.exec(`Object.keys(require("supplied").process).sort()`), [
    "argv",
    "argv0",
    "cwd",
    "emitWarning",
    "env",
    "execArgv",
    "hrtime",
    "nextTick",
    "platform",
    "stderr",
    "stdout",
    "uptime",
    "version",
    "versions",
  ]);
  assert.deepEqual(await cell.exec(`[process.env, process.argv, process.cwd()]`), [{}, [], "/"]);
  for (const escape of [
    `this.constructor.constructor("return typeof process.pid")()`,
    `(async () => {}).constructor("return typeof process.pid + typeof require('node:fs').constructor.constructor('return process.pid')")().catch(() => "undefined")`,
    `new Function("return typeof process.pid")()`,
    `(0, eval)("typeof process.pid")`,
    `Reflect.construct(Function, ["return typeof process.pid"])()`,
  ]) {
    assert.match(String(await cell.exec(escape)), /^undefined/, escape);
  }
  const file = 2; // readFileSync and promises.readFile of /nowhere
  const network = 1;
  return file + network;
});
