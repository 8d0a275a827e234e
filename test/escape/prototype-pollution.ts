import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

// Every name that a stub, a guard or the host might look up on an object, planted on every prototype.
const pollute = `
  globalThis.fsHere = require("node:fs");
  const planted = ["ok", "source", "addresses", "denial", "denialId", "capability", "reason", "id", "kind", "value", "get", "set",
    "code", "path", "status", "recursive", "force", "encoding", "input", "timeout", "method", "headers", "body", "redirect",
    "href", "message", "name", "stack", "c", "o", "t", "x", "bad", "timeoutMs", "result", "copy", "reference"];
  const prototypes = [Object, Function, Array, String, Number, Boolean, Symbol, Promise, Error, TypeError, RegExp, Map, Set, WeakMap, Uint8Array,
    Object.getPrototypeOf(Uint8Array), ArrayBuffer, Date].map((make) => make.prototype);
  for (const prototype of prototypes) {
    for (const name of planted) try { Object.defineProperty(prototype, name, { value: true, writable: true, configurable: true, enumerable: true }); } catch {}
    for (let index = 0; index < 8; index++) try { Object.defineProperty(prototype, index, { value: "planted", configurable: true, writable: true }); } catch {}
  }
  "polluted"`;

await arena({ rules: [importing("node:fs")] }, async ({ spawn, events }) => {
  const cell = await spawn();
  assert.equal(await cell.exec(pollute), "polluted");
  // What is refused stays refused, synchronously and not, and what the host gets is the guest's value alone.
  const refused = await failureOf(cell.exec(`fsHere.readFileSync("/etc/shadow")`));
  assert.ok(refused instanceof PolicyError && refused.denialEvent === events[0]);
  const later = await failureOf(cell.exec(`fsHere.promises.readFile("/etc/shadow")`));
  assert.ok(later instanceof PolicyError && later.denialEvent === events[1]);
  const remove = await failureOf(cell.exec(`fsHere.rmSync("/etc/nothing-here")`));
  assert.ok(remove instanceof PolicyError && remove.denialEvent.operation === "remove");
  assert.ok((await failureOf(cell.exec(`throw new Error("mine")`))) instanceof GuestError);
  assert.deepEqual(await cell.exec(`({ a: 1, list: [1, 2] })`), { a: 1, list: [1, 2] });

  // Results with keys that would change an object's prototype, or that a host might merge.
  const hostile = `JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "toString": 1}')`;
  const result = (await cell.exec(hostile)) as object;
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  const reader = cell.messages();
  await cell.exec(`post(${hostile})`);
  const { value: message } = await reader.next();
  assert.equal(Object.getPrototypeOf(message), Object.prototype);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.equal(({} as Record<string, unknown>)["denialId"], undefined);
  return 3;
});
