import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../../testing/cells.ts";

// The corpus runs its programs as functions, so what is written as a CommonJS module stands here.

let supervisor: Supervisor;
let cell: Sandbox;
let lines: string[] = [];

beforeAll(() => {
  supervisor = new Supervisor({
    policy: policyOf([{ id: "modules", effect: "allow", capability: "import", modules: ["*"] }]),
    modules: {
      umd: `(function (root, make) { if (typeof module === "object" && typeof exports === "object") root.umd = "loader"; else root.umd = make(); })(globalThis, () => "browser"); export const kind = globalThis.umd;`,
    },
  });
});

beforeEach(async () => {
  lines = [];
  cell = await supervisor.spawn("common", { onConsole: (_level, text) => void lines.push(text) });
});

afterAll(async () => {
  await supervisor.close();
});

test("a program that starts its main function if it is not imported starts it, and is waited for", async () => {
  const value = await cell.exec(`
    async function main() { await null; console.log("started"); return 7; }
    module.exports = { main };
    if (require.main === module) main();
  `);
  expect([value, lines]).toEqual([7, ["started"]]);
  await cell.exec(
    `if (typeof module !== "undefined" && require.main === module) console.log("asked first")`,
  );
  expect(lines[1]).toBe("asked first");
});

test("what it exports is called by name, and as it is then", async () => {
  await cell.exec(
    `let calls = 0; exports.count = () => ++calls; exports.late = () => "early"; exports.late = () => "late";`,
  );
  expect(await cell.call("count")).toBe(1);
  expect(await cell.call("count")).toBe(2);
  expect(await cell.call("late")).toBe("late");
  await cell.exec(`module.exports = (name) => "hello " + name;`);
  expect(await cell.call("default", "you")).toBe("hello you");
});

test("it is a module as Node's are: its exports are its this, and its names are its own", async () => {
  expect(
    await cell.exec(`
      var local = 1; function own() {}
      exports.a = 1;
      [this === exports, exports === module.exports, typeof globalThis.local, typeof globalThis.own, require.main === module]
    `),
  ).toEqual([true, true, "undefined", "undefined", true]);
  expect(await cell.exec("typeof module + typeof exports")).toBe("undefinedundefined");
});

test("a top-level return, strict code and the lines of errors are as in other programs", async () => {
  expect(await cell.exec("exports.a = 1; if (require.main === module) return 5; return 6;")).toBe(
    5,
  );
  expect(
    await cell.exec(`"use strict"; exports.a = 1; (function () { return this; })() === undefined`),
  ).toBe(true);
  expect(await rejectionOf(cell.exec("exports.a = 1;\n\nnull.b"))).toMatchObject({
    guestStack: "    at eval (guest.js:3:6)",
  });
  expect(await rejectionOf(cell.exec("exports.a = 1;\nlet x;\nlet x;"))).toMatchObject({
    guestName: "SyntaxError",
    guestStack: "    at guest.js:3:5",
  });
});

test("a program that asks for a module, and a comment that names one, change nothing", async () => {
  await cell.exec(
    `(function (root) { if (typeof module === "object" && module.exports) module.exports = 1; else root.lib = "global"; })(globalThis)`,
  );
  expect(await cell.exec("lib")).toBe("global");
  await cell.exec(
    `// module.exports = { handle }\nfunction handle() { return "global function"; }`,
  );
  expect(await cell.call("handle")).toBe("global function");
});

test("a package that looks for a loader of modules finds none", async () => {
  expect(await cell.exec(`exports.a = 1; require("umd").kind`)).toBe("browser");
});

test("a program may end with a statement about what cannot travel", async () => {
  const endings = [
    `const { EventEmitter } = require("node:events"); new EventEmitter().on("x", () => 1)`,
    `for (const name of ["a", "b"]) globalThis.list = new (class { f = () => name; })()`,
    `module.exports = { handle: () => 1 }`,
    `(async () => new (class { f() {} g = () => 1; })())()`,
  ];
  for (const ending of endings) expect(await cell.exec(ending)).toBeUndefined();
  expect(await cell.exec("new (class Point { x = 1; })()")).toEqual({ x: 1 });
  expect(await cell.exec("module.exports = { a: 1 }")).toEqual({ a: 1 });
  for (const said of ["({ f: () => 1 })", "[() => 1]", "new Map([[1, () => 1]])"])
    expect(await rejectionOf(cell.exec(said))).toMatchObject({ guestName: "DataCloneError" });
  await cell.exec("globalThis.make = () => new (class { f = () => 1; })()");
  expect(await rejectionOf(cell.call("make"))).toMatchObject({ guestName: "DataCloneError" });
});
