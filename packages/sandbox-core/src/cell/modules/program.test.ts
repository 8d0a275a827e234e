import { createContext, runInContext } from "node:vm";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { asScript } from "./program.ts";

/** The modules that programs of these tests find. */
const MODULES: Readonly<Record<string, object>> = {
  m: { default: "standard", a: 1, b: 2, "a-b": 3 },
  "m'\"": { default: "quoted" },
  get live() {
    let count = 0;
    return {
      get count() {
        return count;
      },
      add(this: unknown, ...amounts: readonly unknown[]) {
        count += 1;
        return `${this === undefined} ${amounts.length}`;
      },
      Made: class {
        readonly at = count;
      },
    };
  },
};

type Wanted = readonly (readonly [specifier: string, names: readonly string[]])[];
type Module = (
  expose: () => void,
  meta: object,
  link: (wanted: Wanted) => Promise<unknown>,
) => unknown;

/** Runs a program as the cell does, with modules of which it knows {@link MODULES}. */
async function run(source: string): Promise<unknown> {
  const asked: string[] = [];
  const find = (name: string, names: readonly string[]): object => {
    asked.push(name);
    const found = MODULES[name];
    if (found === undefined) throw new Error(`no ${name}`);
    const missing = names.find((wanted) => !(wanted in found));
    if (missing !== undefined) throw new Error(`no ${missing}`);
    return found;
  };
  const context = createContext({ asked, __import__: async (name: string) => find(name, []) });
  const { text, isModule } = asScript(source);
  const made = runInContext(text, context, { filename: "guest.js" }) as unknown;
  if (!isModule) return await made;
  return await (made as Module)(
    () => undefined,
    { url: "address" },
    async (wanted) => wanted.map(([name, names]) => find(name, names)),
  );
}

/** Where a program threw: the line of its first own frame. */
async function lineOf(source: string): Promise<number> {
  try {
    await run(source);
  } catch (error) {
    return Number(/guest\.js:(\d+)/.exec(String((error as Error).stack))?.[1]);
  }
  throw new Error("did not throw");
}

test.each([
  ["1 + 1", 2],
  ["const import_ = 1; import_", 1],
  ["'import x from y'", "import x from y"],
  ["/* import */ `await ${1 + 1}` + /export/.source // import", "await 2export"],
  ["({ import: 1, await: 2 }).import", 1],
  ["var o = { import(x) { return x; } }; o.import(5)", 5],
  ["var await = 3; await", 3],
  ["#!/usr/bin/env node\n7", 7],
  ["#!/usr/bin/env node\nawait 7", 7],
])("a program has the value of its last expression: %s", async (source, value) => {
  expect(await run(source)).toBe(value);
});

test.each([
  ["await 1, 2", 2],
  ["await 0; (3)", 3],
  ["await 0; ((1), (4))", 4],
  ["await 0; 5;; function f() {} class C {} const x = 1", 5],
  ["for await (const x of [1]) x", undefined],
  ["await 0; `a${await 1}b`", "a1b"],
  ["await 0; 6 // the end", 6],
  ["const __default__ = 3; await 0; __default__", 3],
  ["await 0; /import/.test('import') ? 1 / 2 / 1 : 0", 0.5],
  ["await 0; return_: { break return_; }", undefined],
])("a program that awaits has one too: %s", async (source, value) => {
  expect(await run(source)).toBe(value);
});

test.each([
  ["import d from 'm'; d", "standard"],
  ["import * as all from 'm'; all.b", 2],
  ["import d, { a, b as c, 'a-b' as e } from 'm'; [d, a, c, e].join()", "standard,1,2,3"],
  ["import d, * as all from 'm'; [d, all.a].join()", "standard,1"],
  ["import 'm'; asked[0]", "m"],
  ["import {} from 'm'; asked[0]", "m"],
  ["import {\n  a,\n  b\n} from\n'm'\n; a + b", 3],
  ["use(); import { a } from 'm'; function use() { return a }", 1],
  ["import d from 'm\\'\"'; d", "quoted"],
  ["import d from 'm';let e = d;e", "standard"],
  ["(await import('m')).a", 1],
  ["import('m').then(({ b }) => b)", 2],
  ["const f = async () => (await import('m')).a; f()", 1],
  ["export default 5", 5],
  ["export default 5\n;[1].length", 5],
  ["export default function () {}\n(1, 2)", expect.any(Function)],
  ["export default class {}\nawait 0", expect.any(Function)],
  ["export default async () => 1", expect.any(Function)],
  [
    "export default function named() { return 1 }; named.called = true",
    expect.objectContaining({ called: true }),
  ],
  ["let x = 1; export { x as default }; x = 2", 2],
  ["import { a } from 'm'; return a + 1", 2],
  ["await 0; if (true) { return 3 } 4", 3],
  ["export { a as default } from 'm'", 1],
  ["export { a } from 'm'; 3", 3],
  ["export * from 'm'; export const y = 4; y", 4],
  ["export const { p, q: [r] } = { p: 1, q: [2] }; p + r", 3],
  ["import { a } from 'm'; ({ a }).a", 1],
  ["import.meta.url", "address"],
  ["export default import.meta.url", "address"],
  ["0\nimport . meta\n. url", "address"],
  ["const f = () => [import.meta, await_]; let await_ = import.meta; f()[0] === f()[1]", true],
  ["const __default__meta = 1; import.meta.url", "address"],
])("module syntax works in a program: %s", async (source, value) => {
  expect(await run(source)).toEqual(value);
});

test.each([
  ["import { count, add } from 'live'; const before = count; add(); [before, count]", [0, 1]],
  ["import { count as n, add } from 'live'\nadd()\nadd(); [n, { n }, `${n}`]", [2, { n: 2 }, "2"]],
  [
    "import { add } from 'live'; [add(1), (add)(1, 2), add`x${1}`, add?.(), ((add))()]",
    ["true 1", "true 2", "true 2", "true 0", "true 0"],
  ],
  ["import * as all from 'live'; all.add(); all.count", 1],
  [
    "import { Made, add } from 'live'; add(); [new Made().at, new Made.prototype.constructor().at, new (Made)().at]",
    [1, 1, 1],
  ],
  ["import { count, add } from 'live'; const read = () => count; add(); read()", 1],
  ["import { count, add } from 'live'; export { count as default }; add()", 1],
  ["import { count, add } from 'live'; export default count\nadd()", 0],
  ["export { count }; import { count, add } from 'live'; add(); count", 1],
  [
    "import { count, add } from 'live'; add(); const f = (count) => count, g = ({ count = 8 }) => count; [f(7), g({}), count]",
    [7, 8, 1],
  ],
  [
    "import { count, add } from 'live'; add(); { let count = 5; { count += 1 } var seen = count } [seen, count]",
    [6, 1],
  ],
  [
    "import { count, add } from 'live'; add(); const o = { count: 3, [`x${count}`]: 4 }; [o.count, o.x1]",
    [3, 4],
  ],
])("a program reads an export as it is then: %s", async (source, value) => {
  expect(await run(source)).toEqual(value);
});

test.each([
  "count = 1",
  "count++",
  "--count",
  "count += 1",
  "[count] = [1]",
  "({ count } = { count: 1 })",
  "for (count of [1]);",
  "for (count in { a: 1 });",
])("a program cannot write to what it imports: %s", async (statement) => {
  await expect(run(`import { count } from 'live'; ${statement}`)).rejects.toMatchObject({
    message: "Assignment to constant variable.",
  });
});

/** The value of a program, in a list, or the message of its error. */
const ending = async (source: string): Promise<unknown> => {
  try {
    return [await run(source)];
  } catch (error) {
    return (error as Error).message;
  }
};

test("a name means what it would mean if the imports were constants", async () => {
  const name = fc.constantFrom("a", "b");
  const read = name.map((n) => `try { seen.push(${n}) } catch (error) { seen.push(error.name) }`);
  const { statements } = fc.letrec<{ statement: string; statements: string }>((tie) => ({
    statements: fc.array(tie("statement"), { maxLength: 3 }).map((all) => all.join(";\n")),
    statement: fc.oneof(
      { depthSize: "small" },
      read,
      name.map((n) => `seen.push([{ ${n} }, \`\${typeof ${n}}\`])`),
      fc
        .tuple(name, tie("statements"), tie("statements"))
        .chain(([n, before, after]) =>
          fc.constantFrom(
            `{ ${before}\nlet ${n} = 3; ${after} }`,
            `{ ${before}\nclass ${n} {}; ${after} }`,
            `{ ${before}\nfunction ${n}() {} ${after} }`,
            `(function () { ${before}\nif (true) { var ${n} = 4 } ${after} })()`,
            `(function ${n}() { ${before} })(); ${after}`,
            `(class ${n} { static { ${before}\nvar ${n} = 5 } static x = (() => { ${after} })() })`,
            `((${n}) => { ${before} })(6); ${after}`,
            `(({ ${n}, x: [y = ${n}, ...z] = [] } = {}) => { ${before} })(); ${after}`,
            `((x = ${n}) => { seen.push(x); ${before} })(); ${after}`,
            `try { throw 7 } catch (${n}) { ${before} } ${after}`,
            `try { throw 7 } catch ({ x: ${n} }) { ${before} } ${after}`,
            `for (let ${n} = 8; ${n} < 9; ${n}++) { ${before} } ${after}`,
            `for (const ${n} of [9]) { ${before} } ${after}`,
            `for (const ${n} in { x: 1 }) { ${before} } ${after}`,
            `switch (1) { case 1: ${before}\nlet ${n} = 10; ${after} }`,
            `${n}: { ${before} ${after} break ${n} }`,
            `seen.push({ ${n}: 11, get x() { ${before} } }.${n})`,
            `;[].concat((${n}) => ${n}, async () => { try { ${before} } catch {} }).forEach((f) => f(12))`,
          ),
        ),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(statements, async (program) => {
      const head = "const seen = [];";
      const text = `${program}\n;export default JSON.stringify(seen)`;
      const constants = `await 0; const a = 1, b = 2; ${head} ${text}`;
      expect(await ending(`import { a, b } from 'm'; ${head} ${text}`)).toEqual(
        await ending(constants),
      );
    }),
  );
});

describe("lines keep their numbers", () => {
  test.each([
    ["throw new Error()", 1],
    ["\nawait 0;\nthrow new Error()", 3],
    ["import {\n a,\n b\n} from 'm'\nthrow new Error()", 5],
    [
      "import d from 'm'; /*\n*/ import * as all\nfrom 'm';\nexport\ndefault\nthrower();\nfunction thrower() { throw new Error() }",
      7,
    ],
    ["#!/x\nimport 'm';\r\nthrow new Error()", 3],
    ["export\nconst\nx = 1;\nexport {\n x as y\n};\nthrow new Error()", 7],
    ["await import(\n'm'\n); throw new Error()", 3],
  ])("%j", async (source, line) => {
    expect(await lineOf(source)).toBe(line);
  });
});

describe("a source that does not parse says why", () => {
  test.each([
    ["import.mata", /mata/],
    ["import.meta = 1", /import\.meta/],
    ["const a = ;", /Unexpected token/],
    ["await 0; const a = ;", /^Unexpected token$/],
    ["import a from 'm'; import a from 'm'", /already been declared/],
    ["import { a } from 'm'; break", /Unsyntactic break/],
    ["export default 1; export default 2", /Duplicate export 'default'/],
    ["import { none } from 'm'", /no none/],
  ])("%s", async (source, message) => {
    await expect(run(source)).rejects.toThrow(message);
  });
});

test("any text becomes a text, and one that no word of modules is in stays itself", () => {
  const pieces = fc.constantFrom(
    "import",
    "export",
    "await",
    "default",
    "x",
    "from",
    "'m'",
    "{",
    "}",
    "(",
    ")",
    "*",
    "as",
    ",",
    ";",
    "\n",
    "`",
    "${",
    "/",
    "//",
    "/*",
    "*/",
    " ",
    "\\",
    "function",
    "class",
    "=>",
    "#!",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces, { maxLength: 24 }).map((parts) => parts.join(" ")),
        fc.string({ unit: "binary" }),
      ),
      (source) => {
        const script = asScript(source).text;
        expect(script === source || /import|export|await/.test(source)).toBe(true);
      },
    ),
  );
});

test("nesting without end is left for the engine to refuse", () => {
  const deep = `await ${"(".repeat(100_000)}1${")".repeat(100_000)}`;
  expect(asScript(deep).text).toBe(deep);
});

test("many edits take time in proportion", () => {
  const source = "import('m');".repeat(50_000);
  const began = performance.now();
  expect(asScript(source).text).toBe("__import__('m');".repeat(50_000));
  expect(performance.now() - began).toBeLessThan(10_000);
});
