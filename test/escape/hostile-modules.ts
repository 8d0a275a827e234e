import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

// What the host supplies is trusted no more than the guest: it runs in the same realm, with the same rights.
const modules = {
  "refused-cjs": `module.exports = Math.random();`,
  "refused-esm": `export const x = Math.random();`,
  "refused-import": `import "not-granted"; export const x = 1;`,
  "refused-deep": `import { x } from "refused-esm"; export const y = x;`,
  "round-a": `import { b } from "round-b"; export const a = () => b; export { b };`,
  "round-b": `import { a } from "round-a"; export const b = 1; export const f = () => a;`,
  "round-cjs": `exports.self = require("round-cjs"); exports.done = true;`,
  broken: `export const = 1;`,
  "broken-cjs": `}); process.exit(1); (() => {`,
  "missing-name": `import { nothing } from "round-b"; export const x = nothing;`,
  thenable: `export const then = (resolve) => resolve("hijacked");`,
  "top-level-await": `export const x = await new Promise(() => {});`,
  polluting: `Object.prototype.polluted = 1; export default globalThis; globalThis.receive?.({});`,
  "meta-keeper": `export const meta = import.meta; export const url = () => import.meta.url;`,
  "proto-name": `export const __proto__ = 1; export { __proto__ as default };`,
};
const granted = Object.keys(modules).concat("toString", "constructor", "__proto__", "missing");
const rules = [{ id: "mods", effect: "allow", capability: "import", modules: granted }];

await arena({ rules, modules, limits: { wall_ms: 2000 } }, async ({ spawn, events }) => {
  const cell = await spawn();
  let due = 0;
  // A refusal inside a module is the refusal of who imported it, told as that very event.
  for (const program of [
    `require("refused-cjs")`,
    `import("refused-esm")`,
    `require("refused-esm")`,
    `import("refused-import")`,
    `import("refused-deep")`,
  ]) {
    const error = await failureOf(cell.exec(program));
    due += 1;
    assert.equal(events.length, due, program);
    assert.ok(error instanceof PolicyError, `${program}: ${error.name}: ${error.message}`);
    assert.equal(error.denialEvent, events.at(-1), program);
  }
  assert.equal(await cell.exec(`import("round-a").then((m) => m.a())`), 1);
  assert.equal(await cell.exec(`require("round-cjs").done`), true);
  // Of import.meta a guest gets a name and no way to the host or to another module.
  const attempts = `
    import { meta, url } from "meta-keeper";
    for (const one of [meta, import.meta])
      for (const change of [(m) => { m.url = "file:///"; }, (m) => { m.x = 1; }, (m) => Object.setPrototypeOf(m, {}), (m) => { delete m.url; }])
        try { change(one); } catch {}
    export default [url(), import.meta.url, Reflect.ownKeys(meta), Reflect.ownKeys(import.meta), meta === import.meta, meta.constructor]`;
  assert.deepEqual(await cell.exec(attempts), [
    "pyisolate:meta-keeper",
    "pyisolate:program",
    ["url"],
    ["url"],
    false,
    undefined,
  ]);
  // What links a program's imports is no way past the policy, and gives out what an import gives.
  const reached = `import { b } from "round-b"; const link = eval("__default_" + "_link");`;
  assert.deepEqual(
    await cell.exec(
      `${reached} Object.keys((await link({ length: 1, get 0() { return ["round-b", { length: 0 }]; } }))[0]).sort()`,
    ),
    ["b", "f"],
  );
  const unlinked = await failureOf(cell.exec(`${reached} await link([["not-granted", []]])`));
  due += 1;
  assert.ok(unlinked instanceof PolicyError, unlinked.message);
  assert.equal(unlinked.denialEvent, events.at(-1));
  for (const name of [
    "broken",
    "broken-cjs",
    "missing-name",
    "missing",
    "toString",
    "constructor",
  ]) {
    const error = await failureOf(cell.exec(`import(${JSON.stringify(name)})`));
    assert.ok(error instanceof GuestError, `${name}: ${error.name}: ${error.message}`);
  }
  for (const program of [
    `import("thenable")`,
    `import("polluting")`,
    `import("proto-name")`,
    `import("top-level-await")`,
  ]) {
    await cell
      .exec(`${program}; 1`)
      .catch((error: unknown) => assert.ok(error instanceof GuestError, program));
  }
  // Names that an object has by itself are not modules; those that are not names are refused.
  for (const name of [
    "__proto__",
    "hasOwnProperty",
    "../x",
    "/etc/passwd",
    "file:///etc/passwd",
    "data:text/javascript,1",
    "node:vm",
    "vm",
    "isolated-vm",
    "node:worker_threads",
    "process",
  ]) {
    const error = await failureOf(cell.exec(`require(${JSON.stringify(name)})`));
    if (error instanceof PolicyError) due += 1;
    else assert.equal(name, "__proto__", `${name}: ${error.message}`);
    assert.equal(events.length, due, name);
  }
  assert.equal(await cell.exec("1 + 1"), 2);
  return due;
});
