import { PolicyError, type Sandbox, Supervisor, ToolError } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf, rejectionOf, until } from "../../testing/cells.ts";

// Where in the program it went wrong, as the host is told.

let supervisor: Supervisor;
let cell: Sandbox;
let lines: string[] = [];

beforeAll(() => {
  supervisor = new Supervisor({
    policy: {
      ...policyOf([]),
      rules: [
        {
          id: "modules",
          effect: "allow",
          capability: "import",
          modules: ["node:fs", "node:fs/promises", "lib", "thrower", "needy", "left-pad"],
        },
        {
          id: "tools",
          effect: "allow",
          capability: "tool",
          operations: ["call"],
          tools: ["crm.*"],
        },
        {
          id: "net",
          effect: "allow",
          capability: "network",
          operations: ["connect"],
          hosts: ["127.0.0.1:1"],
        },
      ],
    },
    tools: {
      "crm.find": async () => {
        throw new ToolError("nothing there");
      },
    },
    modules: {
      lib: "export const a = 1",
      thrower: "export const a = 1;\n\nnull.foo;",
      needy: `import "left-pad"`,
    },
  });
});

beforeEach(async () => {
  lines = [];
  cell = await supervisor.spawn("place", { onConsole: (_level, text) => void lines.push(text) });
});

afterAll(async () => {
  await supervisor.close();
});

test("an error that was left unhandled is printed with its place", async () => {
  await cell.exec(`async function main() {\n  throw new TypeError("lost");\n}\nmain();\n0`);
  expect(lines).toEqual([
    "Uncaught (in promise) TypeError: lost",
    "    at main (guest.js:2:9)",
    "    at eval (guest.js:4:1)",
  ]);
  lines = [];
  await cell.exec(`setTimeout(() => {\n  undefined.x;\n}, 1); 0`);
  await until("the timer's error", () => lines.length > 1);
  expect(lines[1]).toMatch(/guest\.js:2:\d+/);
  lines = [];
  await cell.exec(`Promise.reject("a text"); 0`);
  expect(lines).toEqual(["Uncaught (in promise) a text"]);
  lines = [];
  await cell.exec(
    `const error = new Error("own"); error.stack = "Error: own\\n    at /home (file.js:1:1)"; Promise.reject(error); 0`,
  );
  expect(lines.join("\n")).not.toMatch(/main\.cjs|dist|#enter/);
});

test.each([
  [`\nimport x from "left-pad";`, "    at guest.js:2:1"],
  [`import { a } from "lib";\n  import { nope } from "lib";`, "    at guest.js:2:3"],
  [`// first\n\nexport { nope } from "lib";`, "    at guest.js:3:1"],
  [`import "lib"; export * from "left-pad"`, "    at guest.js:1:15"],
  [`#!/usr/bin/env node\nimport "needy";`, "    at guest.js:2:1"],
])(
  "what an import needs and is not there is told by the import's line: %s",
  async (source, frame) => {
    expect(await rejectionOf(cell.exec(source))).toMatchObject({ guestStack: frame });
  },
);

test("an error of a module has the module's frames, and then the import", async () => {
  const { guestStack } = await rejectionOf(cell.exec(`\nimport { a } from "thrower"; a`));
  const frames = String(guestStack).split("\n");
  expect(frames[0]).toBe("    at eval (thrower:3:6)");
  expect(frames.at(-1)).toBe("    at guest.js:2:1");
});

test.each([
  [`const fs = require("node:fs");\n\nfs.readFileSync("/etc/shadow");`, 3],
  [`function load() {\n  return require("secret");\n}\nload();`, 2],
  [`import "node:fs";\nimport "secret";`, 2],
  [`export default 1;\n\nawait fetch("http://example.com/");`, 3],
])("a refusal that was not caught has its line: %s", async (source, line) => {
  const error = await rejectionOf(cell.exec(source));
  expect(error).toBeInstanceOf(PolicyError);
  expect(error["guestStack"]).toMatch(new RegExp(`guest\\.js:${line}:\\d+`));
  expect(error["guestStack"]).not.toMatch(/pyisolate|node:|file:/);
});

test.each([
  [
    `const fs = require("node:fs/promises");\nasync function load() {\n  return await fs.readFile("/etc/shadow");\n}\nload();`,
    3,
  ],
  [
    `async function ask() {\n  const answer = await tools.crm.find({ id: 1 });\n  return answer;\n}\nawait ask();`,
    2,
  ],
  [`\nawait fetch("http://127.0.0.1:1/");`, 2],
])("what fails later has the line that waited for it: %s", async (source, line) => {
  const { guestStack } = await rejectionOf(cell.exec(source));
  expect(guestStack).toMatch(new RegExp(`guest\\.js:${line}:\\d+`));
});

test("an error of the guest's own, and a reason of an abort, keep their stacks", async () => {
  expect(
    await cell.exec(`
      const reason = new Error("mine"); const { stack } = reason;
      await fetch("http://127.0.0.1:1/", { signal: AbortSignal.abort(reason) }).catch(() => 0);
      Error.prepareStackTrace = () => { throw new Error("prepared"); };
      const code = await tools.crm.find({}).catch((error) => error.message);
      delete Error.prepareStackTrace;
      [reason.stack === stack, code]
    `),
  ).toEqual([true, "nothing there"]);
});

test("a limit has no line", async () => {
  const error = await rejectionOf(cell.exec("for (;;);", { limits: { cpuMs: 50 } }));
  expect(error).toBeInstanceOf(PolicyError);
  expect("guestStack" in error).toBe(false);
});
