import { type GuestError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../../testing/cells.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

const MODULES = {
  esm: "export default 7; export const x = 8; export let count = 0; export const increase = () => ++count;",
  cjs: "exports.a = 1; exports.list = require('cjs-other').b; exports.self = this === exports",
  "cjs-other": "exports.b = 'b'; exports.back = require('cjs').a",
  "cjs-default": "#!/usr/bin/env node\nmodule.exports = function () { return 'called'; }",
  "uses-cjs":
    "import whole, { a } from 'cjs'; import { join } from 'path'; export default [whole.list, a, join('/x', '..', 'y')]",
  "uses-builtin":
    "import fs, { readFileSync } from 'fs'; import { readFile } from 'node:fs/promises'; export default [fs.readFileSync === readFileSync, fs.promises.readFile === readFile]",
  live: "import { count, increase } from 'esm'; increase(); increase(); export default count; export * from 'esm'; export * as all from 'esm'; export { x as 'x y' } from 'esm'",
  bare: "import { me } from 'me'\nconst a = [me(), (me)()]\nme()\nexport default a.concat(me`x`)",
  me: "export function me() { return this === undefined }",
  readonly: "import { x } from 'esm'; x = 1",
  a: "import { y, later } from 'b'; export const x = 1; export const g = () => y; export function hoisted() { return later() }",
  b: "import { x, hoisted } from 'a'; export const y = 2; export const h = () => [x, typeof hoisted]; export function later() { return 'later' }",
  awaits: "await new Promise((resolve) => setTimeout(resolve, 5)); export default 'waited'",
  "uses-awaits": "import w from 'awaits'; export default w + '!'",
  once: "globalThis.runs = (globalThis.runs ?? 0) + 1; export default globalThis.runs",
  dynamic: "export const load = (name) => import(name)",
  names:
    "export const { p, q: [r], ...rest } = { p: 1, q: [2], s: 3 }, t = (x => x)(4); export class C {} export function f() {} export default class {}",
  "has-meta": "export default import.meta; export const again = () => import.meta",
  "has-nothing-but-meta": "globalThis.address = import.meta.url",
  thenable: "export function then(resolve) { resolve('called') }",
  lines: "import 'esm'\n\nexport function thrower() {\n  throw new Error('here')\n}",
  returns: "if (true) { module.exports = import('esm'); return } throw new Error('went on')",
  "method-import":
    "const math = { import() { return 'method' } }; exports.x = math.import() /* export */",
  "import-after-a-stop":
    "// Loads it.\nexports.x = 1.\nimport('esm').then((m) => { exports.y = m.x })",
  "spread-import":
    "exports.x = async () => Object.keys({...await import('esm'), ...import('esm')}).length",
  "import-in-a-text":
    "exports.x = ['import(1)', /import(2)/.source, `import(${3})`].join() // import(4)",
  "import-in-a-template": "exports.x = `${import('esm').then(() => 1)}`",
  "await-is-a-name": "var await = (x) => x; exports.x = await (5)",
  "imports-refused": "import 'refused'; export const x = 1",
  "imports-imports-refused":
    "import 'once'; import * as all from 'imports-refused'; export default all",
  "requires-refused": "exports.x = require('refused')",
  "tries-refused":
    "try { require('refused') } catch (error) { module.exports = [error.name, error.reason] }",
  "does-refused": "export const x = 1; Math.random()",
  "does-refused-later": "await 0; Math.random()",
  "imports-none": "import 'none'",
  "requires-none": "require('none')",
  throws: "export default 1; throw new RangeError('boom')",
  "throws-later": "await 0; throw new RangeError('boom')",
  broken: "import x from 'esm';\nexport default (;",
  "broken-cjs": "const = 1",
  "broken-cjs-below": "exports.a = 1;\n\n  const = 2;\n",
  "broken-cjs-word": "// An import of a comment.\nexports.a = {;",
  "broken-cjs-end": "exports.a = (\n",
  spins: "import 'esm'; for (;;);",
};

let cell: Sandbox;

const supervisor = new Supervisor({
  ...kernelMode,
  policy: policyOf(
    [
      {
        id: "no",
        effect: "deny",
        capability: "import",
        modules: ["refused", "node:child_process"],
      },
    ],
    { cpu_ms: 1000 },
  ),
  modules: { ...MODULES, refused: "export default 1" },
});

beforeEach(async () => {
  cell = await supervisor.spawn("importer");
});

afterEach(async () => {
  await cell.close();
});

afterAll(async () => {
  await supervisor.close();
});

test.each([
  ["import d, { x } from 'esm'; [d, x]", [7, 8]],
  ["const { default: d, x } = require('esm'); [d, x]", [7, 8]],
  [
    "const all = await import('esm'); all.increase(); [all === await import('esm'), all === require('esm'), all.count]",
    [true, true, 1],
  ],
  ["require('cjs')", { a: 1, list: "b", self: true }],
  ["require('cjs-other').back", 1],
  [
    "import f from 'cjs-default'; [f(), require('cjs-default')(), (await import('cjs-default')).default()]",
    ["called", "called", "called"],
  ],
  ["import all from 'uses-cjs'; all", ["b", 1, "/y"]],
  ["import all from 'uses-builtin'; all", [true, true]],
  ["import d, { count, all, 'x y' as xy } from 'live'; [d, count, all.x, xy]", [2, 2, 8, 8]],
  ["import all from 'bare'; all", [true, true, true]],
  [
    "import { g, hoisted } from 'a'; import { h } from 'b'; [g(), h(), hoisted()]",
    [2, [1, "function"], "later"],
  ],
  ["import w from 'uses-awaits'; w", "waited!"],
  [
    "import 'once'; import one from 'once'; [one, require('once').default, globalThis.runs]",
    [1, 1, 1],
  ],
  ["import { load } from 'dynamic'; (await load('esm')).x", 8],
  [
    "import * as all from 'names'; [Object.keys(all).sort(), all.r, all.rest, all.default.name]",
    [["C", "default", "f", "p", "r", "rest", "t"], 2, { s: 3 }, "default"],
  ],
  ["import * as all from 'thenable'; typeof all.then", "function"],
  ["import meta from 'has-meta'; meta", { url: "pyisolate:has-meta" }],
  [
    "import meta, { again } from 'has-meta'; [meta === again(), import.meta === meta]",
    [true, false],
  ],
  ["import 'has-nothing-but-meta'; address", "pyisolate:has-nothing-but-meta"],
  ["import.meta", { url: "pyisolate:program" }],
  [
    "[Object.getPrototypeOf(import.meta), Object.isFrozen(import.meta), Reflect.ownKeys(import.meta)]",
    [null, true, ["url"]],
  ],
  ["let name; try { import.meta.url = 1 } catch (error) { ({ name } = error) } name", "TypeError"],
  ["(await require('returns')).x", 8],
  ["require('method-import').x", "method"],
  ["const m = require('import-after-a-stop'); await import('esm'); await 0; [m.x, m.y]", [1, 8]],
  ["await require('spread-import').x()", 4],
  ["require('await-is-a-name').x", 5],
  ["require('import-in-a-text').x", "import(1),import(2),import(3)"],
  ["require('import-in-a-template').x", "[object Promise]"],
  ["import { join } from 'path'; join('a', '..', 'b')", "b"],
  ["require('tries-refused')", ["PolicyError", "explicit_deny"]],
])("a module is loaded as Node loads it: %s", async (program, value) => {
  expect(await cell.exec(program)).toEqual(value);
});

describe("a refusal is the event's own, however deep in modules it happened", () => {
  test.each([
    "import 'refused'",
    "import('refused')",
    "require('refused')",
    "import 'imports-refused'",
    "import 'imports-imports-refused'",
    "require('imports-imports-refused')",
    "require('requires-refused')",
    "try { require('requires-refused') } catch {} await import('imports-refused')",
    "import 'does-refused'",
    "require('does-refused')",
    "import 'does-refused-later'",
  ])("%s", async (program) => {
    const error = await rejectionOf(cell.exec(program));
    expect(error).toMatchObject({ name: "PolicyError" });
    expect(error["denialEvent"]).toBe(cell.denialEvents().at(-1));
    // It can be tried again, and is asked for again.
    const before = cell.stats.denials;
    await rejectionOf(cell.exec(program));
    expect(cell.stats.denials).toBeGreaterThan(before);
  });

  test("fs and node:fs are one target, and so are all built-ins", async () => {
    for (const name of ["child_process", "node:child_process"])
      await rejectionOf(cell.exec(`require("${name}")`));
    expect(cell.denialEvents().map(({ target }) => target)).toEqual([
      "node:child_process",
      "node:child_process",
    ]);
  });
});

describe("any other failure says what went wrong, and where", () => {
  test.each([
    ["require('none')", "Cannot find module 'none'", "Error"],
    ["require('os')", "Cannot find module 'node:os'", "Error"],
    ["import 'imports-none'", "Cannot find module 'none'", "Error"],
    ["import x from 'throws'", "boom", "RangeError"],
    ["require('throws')", "boom", "RangeError"],
    ["import x from 'throws-later'", "boom", "RangeError"],
    [
      "import { none } from 'esm'",
      "The requested module 'esm' does not provide an export named 'none'",
      "SyntaxError",
    ],
    [
      "import { none } from 'cjs'",
      "The requested module 'cjs' does not provide an export named 'none'",
      "SyntaxError",
    ],
    ["import 'broken'", /^Unexpected token$/, "SyntaxError"],
    ["require('broken-cjs')", "Unexpected token '='", "SyntaxError"],
    ["require('awaits')", "The ES module 'awaits' awaits at its top level: import() it", "Error"],
    ["import 'readonly'", /x/, "TypeError"],
    ["new Function('return import(\"esm\")')()", "Not supported", "Error"],
  ])("%s", async (program, message, name) => {
    const error = (await rejectionOf(cell.exec(program))) as unknown as GuestError;
    expect(error).toMatchObject({ name: "GuestError", guestName: name });
    expect(error.message).toMatch(message);
    expect(cell.stats.denials).toBe(0);
  });

  test.each([
    ["require('none')", "MODULE_NOT_FOUND"],
    ["import('none')", "ERR_MODULE_NOT_FOUND"],
    ["import 'none'", "ERR_MODULE_NOT_FOUND"],
    ["import 'imports-none'", "ERR_MODULE_NOT_FOUND"],
    ["require('imports-none')", "ERR_MODULE_NOT_FOUND"],
    ["require('requires-none')", "MODULE_NOT_FOUND"],
    ["import 'requires-none'", "MODULE_NOT_FOUND"],
  ])("a module that is not there has the code that Node gives it: %s", async (program, code) => {
    expect(await rejectionOf(cell.exec(program))).toMatchObject({ code });
  });

  test("the lines of a module are its own", async () => {
    const error = (await rejectionOf(
      cell.exec("import { thrower } from 'lines'; thrower()"),
    )) as unknown as GuestError;
    expect(error.guestStack).toMatch(/^\s+at thrower \(lines:4:9\)\n/);
  });

  test.each([
    ["broken", "2:17", "Unexpected token"],
    ["broken-cjs-below", "3:9", "Unexpected token '='"],
    ["broken-cjs-word", "2:14", "Unexpected token ';'"],
    ["broken-cjs-end", "2:1", "Unexpected end of input"],
  ])("so is the line of its syntax error: %s", async (name, place, message) => {
    const error = (await rejectionOf(cell.exec(`import '${name}'`))) as unknown as GuestError;
    expect(error.message).toBe(message);
    expect(error.guestStack).toMatch(new RegExp(`^\\s+at Object\\.eval \\(${name}:${place}\\)\\n`));
  });

  test("a module that spins is the guest's own time", async () => {
    expect(await rejectionOf(cell.exec("import 'spins'"))).toMatchObject({
      denialEvent: { policyRule: "limit.cpu" },
    });
  });
});

test.each(["null", "5", "{}", `""`, `"a\\0b"`, `"\\ud800"`, `"x".repeat(2 ** 22)`])(
  "a name that is not a module's is malformed: %s",
  async (name) => {
    expect(await cell.exec(`try { require(${name}) } catch (error) { error.reason }`)).toBe(
      "malformed",
    );
    expect(cell.stats.denials).toBe(1);
  },
);

test.each([
  `"./x"`,
  `"../x"`,
  `"/etc/passwd"`,
  `"file:///etc/passwd"`,
  `"http://x/y"`,
  `"a\\nb"`,
  `"__proto__"`,
  `"esm "`,
])("a name of no module is refused or not there, and nothing is read: %s", async (name) => {
  expect(
    await cell.exec(`try { require(${name}) } catch (error) { error.reason ?? error.code }`),
  ).toMatch(/^(?:outside_scope|no_rule|MODULE_NOT_FOUND)$/);
});

test("modules that cells broker cannot be supplied, and built-ins are supplied under either name", async () => {
  for (const name of ["fs", "node:crypto"])
    expect(
      () => new Supervisor({ policy: policyOf([]), modules: { [name]: "" }, pool: 0 }),
    ).toThrow(TypeError);
  await using other = new Supervisor({
    policy: policyOf([]),
    modules: { os: "exports.EOL = '!'" },
    pool: 0,
  });
  const importer = await other.spawn("os");
  expect(await importer.exec("[require('os').EOL, require('node:os') === require('os')]")).toEqual([
    "!",
    true,
  ]);
});
