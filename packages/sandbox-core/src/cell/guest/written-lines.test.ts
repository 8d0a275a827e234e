import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf, until } from "../../testing/cells.ts";

// Text that a guest writes to its streams, as a host's console has it: in whole lines.

let supervisor: Supervisor;
let cell: Sandbox;
let lines: string[] = [];

beforeAll(async () => {
  supervisor = new Supervisor({
    policy: policyOf([{ id: "modules", effect: "allow", capability: "import", modules: ["*"] }]),
  });
  cell = await supervisor.spawn("writer", {
    onConsole: (level, text) => void lines.push(`${level} ${text}`),
  });
});

beforeEach(() => {
  lines = [];
});

afterAll(async () => {
  await supervisor.close();
});

test("a line without its end is written once the call ends", async () => {
  await cell.exec(
    `process.stdout.write("no "); process.stderr.write("error "); process.stdout.write("end")`,
  );
  expect(lines).toEqual(["log no end", "error error "]);
});

test("what the console prints goes on in the line that was begun", async () => {
  await cell.exec(`
    process.stdout.write("loading"); for (let i = 0; i < 3; i++) process.stdout.write(".");
    console.log(" done"); console.group(); console.log("indented"); process.stdout.write("not\\nhere"); console.groupEnd(); console.warn("warned")
  `);
  expect(lines).toEqual([
    "log loading... done",
    "log   indented",
    "log not",
    "warn warned",
    "log here",
  ]);
});

test("what a timer writes after its call has ended waits for nothing", async () => {
  await cell.exec(`setTimeout(() => process.stdout.write("late"), 5); 0`);
  await until("a line", () => lines.length > 0);
  expect(lines).toEqual(["log late"]);
});

test("bytes are text, a callback is called, and anything else is an error as in Node", async () => {
  expect(
    await cell.exec(
      `new Promise((done) => process.stdout.write(Buffer.from("h\u00e9\\n"), "utf8", () => done(1)))`,
    ),
  ).toBe(1);
  expect(
    await cell.exec(
      `try { process.stdout.write(5) } catch (error) { [error.code, error.message] }`,
    ),
  ).toEqual([
    "ERR_INVALID_ARG_TYPE",
    'The "chunk" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received type number (5)',
  ]);
  expect(lines).toEqual(["log h\u00e9"]);
});

test("a trace shows the guest's own frames and none of the cell's", async () => {
  await cell.exec(`function outer() { console.trace("here %d", 1); }\nouter();`);
  expect(lines[0]).toBe("error Trace: here 1");
  expect(lines.slice(1, 3)).toEqual([
    "error     at outer (guest.js:1:28)",
    "error     at eval (guest.js:2:1)",
  ]);
  expect(lines.filter((line) => line.includes("pyisolate"))).toEqual([]);
  lines = [];
  await cell.exec(
    `Error.prepareStackTrace = () => { throw 1 }; console.trace(); delete Error.prepareStackTrace; 0`,
  );
  expect(lines).toEqual(["error Trace"]);
});

test("pieces of text make the same lines as the whole", async () => {
  const piece = fc.stringMatching(/^[a-c\n]{0,6}$/);
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      lines = [];
      await cell.exec(
        `for (const piece of ${JSON.stringify(pieces)}) process.stdout.write(piece); 0`,
      );
      const whole = pieces.join("").split("\n");
      if (whole.at(-1) === "") whole.pop();
      expect(lines).toEqual(whole.map((line) => `log ${line}`));
    }),
    { numRuns: 40 },
  );
});
