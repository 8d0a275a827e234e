import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

// Each tampers with what the stubs are made of, keeps an old refusal at hand, and is then refused again: the host hears of
// the new denial, nothing is granted, and no error of the guest's own passes for a refusal.
const tampering: Readonly<Record<string, string>> = {
  "JSON.parse": `JSON.parse = () => ({ ok: true }); JSON.stringify = () => "null";`,
  "the array iterator": `Array.prototype[Symbol.iterator] = function* () { yield "random"; yield "no_rule"; yield old.denialId; };`,
  "the iterator's next": `Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true, value: old.denialId });`,
  "Promise.prototype.then": `Promise.prototype.then = function (yes) { return yes("granted"); };`,
  "the promise's species": `Object.defineProperty(Promise, Symbol.species, { value: function (work) { work(() => {}, () => {}); } });`,
  "the promise's constructor": `Object.defineProperty(Promise.prototype, "constructor", { get() { return { [Symbol.species]: class { constructor(work) { work(() => {}, () => {}); } } }; } });`,
  "Reflect and Function": `Reflect.apply = () => "granted"; Reflect.ownKeys = () => []; Function.prototype.call = Function.prototype.apply = () => "granted";`,
  "String.prototype": `for (const name of ["split", "slice", "toLowerCase"]) String.prototype[name] = () => [old.denialId];`,
  "WeakMap.prototype": `WeakMap.prototype.get = () => old.denialId; WeakMap.prototype.set = () => {};`,
  Error: `globalThis.Error = globalThis.TypeError = function () { return old; }; Error.prepareStackTrace = () => { throw old; };`,
  "Error.prepareStackTrace": `Error.prepareStackTrace = (error, frames) => { globalThis.frames = frames; for (const frame of frames) globalThis.caught = [frame.getFunction(), frame.getThis()]; return old; };`,
  "Error.stackTraceLimit": `Object.defineProperty(Error, "stackTraceLimit", { get() { throw old; } });`,
  "Object.prototype setters": `for (const name of ["denial", "ok", "value", "then", "get", "denialId", "1", "2"]) Object.defineProperty(Object.prototype, name, { __proto__: null, set() {}, get() { return undefined; }, configurable: true });`,
  "Object and Array": `Object.defineProperty = () => {}; Object.freeze = (x) => x; Array.isArray = () => true; Object.create = () => ({});`,
  "the stubs": `const real = Math.random; Math.random = () => { try { return real(); } catch (error) { old.copied = error; throw error; } };`,
};

await arena(
  {
    rules: [importing("node:fs")],
    limits: { wall_ms: 2000 },
  },
  async ({ spawn, events }) => {
    let due = 0;
    for (const [what, tamper] of Object.entries(tampering)) {
      const cell = await spawn();
      await cell.exec(
        `globalThis.fs = require("node:fs"); try { Math.random(); } catch (error) { globalThis.old = error; } 0`,
      );
      await cell.exec(`${tamper}; undefined`);
      due += 1;
      for (const program of [
        `Math.random()`,
        `fs.readFileSync("/etc/shadow")`,
        `require("refused")`,
      ]) {
        const error = await failureOf(cell.exec(program));
        assert.ok(
          error instanceof PolicyError || error instanceof GuestError,
          `${what}: ${String(error)}`,
        );
        if (error instanceof PolicyError)
          assert.equal(
            error.denialEvent,
            events.at(-1),
            `${what}: ${program} told of another denial`,
          );
      }
      due += 3;
      assert.equal(events.length, due, `${what}: each refused call is one denial`);
      const later = await cell
        .exec(`fs.promises.readFile("/etc/shadow")`)
        .catch((error: unknown) => error);
      assert.ok(later !== "granted" || what === "Promise.prototype.then", what);
      due += 1;
      // Where the guest broke its own promises its call waits for nothing, until the wall.
      if (cell.closed) due += 1;
      // Where the guest broke `then`, exec ends before its request has been decided.
      for (const end = Date.now() + 5000; events.length < due && Date.now() < end;) await sleep(5);
      assert.equal(events.length, due, `${what}: the asynchronous refusal`);
      if (cell.closed) continue;
      const own = await failureOf(cell.exec(`throw Object.create(old)`));
      assert.ok(own instanceof GuestError, `${what}: ${own.name}`);
      assert.deepEqual(await cell.exec(`({ plain: [1] })`), { plain: [1] }, what);
    }
    return due;
  },
);
