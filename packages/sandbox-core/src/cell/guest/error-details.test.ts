import { GuestError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../../testing/cells.ts";

let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  supervisor = new Supervisor({ policy: policyOf([], { cpu_ms: 1000 }) });
  cell = await supervisor.spawn("thrower");
});

afterAll(async () => {
  await supervisor.close();
});

async function failed(program: string, within = cell): Promise<GuestError> {
  const error = await rejectionOf(within.exec(program));
  expect(error, program).toBeInstanceOf(GuestError);
  return error as unknown as GuestError;
}

test.each([
  ["let a = 1;\nlet b = ;\n", "Unexpected token ';'", "2:9"],
  ["'use strict';\nvar x = 010;", "Octal literals are not allowed in strict mode.", "2:9"],
  ["1;\n\n  foo(", "Unexpected end of input", "3:7"],
  ["let s = `${", "Unexpected end of input", "1:12"],
  ["a\n/x[/", "Invalid regular expression: missing /", "2:4"],
  // The body of a function, because of its `return`.
  ["const x = 1;\nif (x) return 5;\nreturn )", "Unexpected token ')'", "3:8"],
  ["return )", "Unexpected token ')'", "1:8"],
  ["return 1;\nfoo(", "Unexpected end of input", "2:5"],
  ["let a = ;\nreturn 1", "Unexpected token ';'", "1:9"],
  // ES modules.
  ["import fs from 'node:fs';\nlet b = ;", "Unexpected token ';'", "2:9"],
  ["export const a = 1;\nlet a = 2;", "Identifier 'a' has already been declared", "2:5"],
  ["await 1;\n let q = =", "Unexpected token '='", "2:10"],
  ["let a\nawait 1;\nreturn 5;\nlet b = ;", "Unexpected token", "4:9"],
])("a syntax error has its line: %j", async (program, message, place) => {
  const error = await failed(program);
  expect(error).toMatchObject({ name: "GuestError", guestName: "SyntaxError", message });
  const [line] = place.split(":");
  expect(error.guestStack).toMatch(new RegExp(`^\\s+at (?:eval \\()?guest\\.js:${line}:\\d+`));
  expect(error.stack).toContain(`guest.js:${place}`);
  expect(cell.stats.denials).toBe(0);
});

test("a syntax error that a running program makes or throws is its own", async () => {
  for (const program of [
    "1;\nJSON.parse('{')",
    "\nthrow new SyntaxError('mine')",
    "if (true) {\nthrow new SyntaxError('mine') } return 1",
  ]) {
    const error = await failed(program);
    expect(error.guestStack).toMatch(/guest\.js:\d+:\d+\)$/m);
    expect(error.message).toMatch(/^mine$|JSON/);
  }
  expect((await failed("\n\neval('let a = ;')")).guestStack).toContain("guest.js:3:1");
});

test("what a guest has made of its errors does not hide the line", async () => {
  const other = await supervisor.spawn("spoiler");
  await other.exec(
    `Object.defineProperty(Error.prototype, "message", { get() { throw 1 } }); Error.prepareStackTrace = () => "    at guest.js:9:9"; 1`,
  );
  const error = await failed("\nlet b = ;", other);
  expect(error).toMatchObject({ message: "Unexpected token ';'" });
  expect(error.guestStack).toBe("    at guest.js:2:9");
});

test("an error keeps its code, causes and errors", async () => {
  const error =
    await failed(`const inner = Object.assign(new TypeError("inner", { cause: "the end" }), { code: 7 });
    throw Object.assign(new AggregateError([new RangeError("one"), 2, null, undefined, 3n], "all", { cause: inner }), { code: "E_ALL" })`);
  expect(error).toMatchObject({ guestName: "AggregateError", message: "all", code: "E_ALL" });
  expect(error.cause).toBeInstanceOf(GuestError);
  expect(error.cause).toMatchObject({ guestName: "TypeError", message: "inner", code: 7 });
  expect((error.cause as GuestError).cause).toBe("the end");
  expect((error.cause as GuestError).guestStack).toContain("guest.js:1:");
  const [one, ...others] = error.errors ?? [];
  expect(one).toMatchObject({ name: "GuestError", guestName: "RangeError", message: "one" });
  expect(others).toEqual([2, null, "undefined", "3"]);
});

test("so does one out of a promise, and what is thrown that is not an error", async () => {
  const any = await failed(
    "await Promise.any([Promise.reject(new Error('a')), Promise.reject(2)])",
  );
  expect(any.errors?.[1]).toBe(2);
  expect((await failed("throw { code: 'X', cause: false }")).cause).toBe(false);
  expect(await failed("throw 'text'")).toMatchObject({ message: "Uncaught text" });
});

test("causes without end are cut, and one in a circle is told once", async () => {
  let error: unknown = await failed(
    "let e = 1; for (let i = 0; i < 500; i++) e = new Error('n' + i, { cause: e }); throw e",
  );
  let depth = 0;
  for (; error instanceof GuestError; error = error.cause) depth += 1;
  expect(depth).toBe(13);
  const circle = await failed(
    "const a = new Error('a'), b = new Error('b', { cause: a }); a.cause = b; throw a",
  );
  expect((circle.cause as GuestError).message).toBe("b");
  expect("cause" in (circle.cause as GuestError)).toBe(false);
});

/** A value that was thrown, and all that is in it. */
function* everyOne(value: unknown): Generator {
  yield value;
  if (!(value instanceof GuestError)) return;
  if ("cause" in value) yield* everyOne(value.cause);
  for (const each of value.errors ?? []) yield* everyOne(each);
}

test.each([
  `{ get code() { throw 1 }, get cause() { throw 2 }, get errors() { throw 3 } }`,
  `new Proxy(new Error("p"), { get(target, key) { if (key === "cause") throw 1; return key === "errors" ? new Proxy([], { get: (t, k) => k === "length" ? Infinity : { get message() { throw 1 }, get cause() { return [] } } }) : "z"; } })`,
  `(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return { errors: proxy, cause: proxy }; })()`,
  `{ errors: { length: 5 }, cause: Symbol("s"), code: Symbol("c") }`,
  `{ code: "x".repeat(1e6), cause: "y".repeat(1e6), errors: Array(1e6).fill({ message: "z".repeat(1e5), name: "n".repeat(1e5), stack: "    at s\\n".repeat(1e5), code: NaN }) }`,
  `(() => { const make = () => ({ get cause() { return make() }, get errors() { return [make(), make()] } }); return make(); })()`,
  `Object.assign(new Error("\\u202e\\u0000"), { code: "\\u202e\\u001b[2J", cause: "\\u202e\\u0000" })`,
])("what a hostile error says is bounded and clean: %s", async (thrown) => {
  const error = await failed(`throw ${thrown}`);
  const all = [...everyOne(error)];
  const errors = all.filter((value) => value instanceof GuestError);
  const texts = [
    ...all.filter((value) => typeof value === "string"),
    ...errors.map(({ message }) => message),
  ];
  const names = errors.flatMap(({ code = "", guestName }) => [String(code), guestName]);
  expect(all.length).toBeLessThanOrEqual(13);
  expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(4096);
  expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(128);
  expect([...texts, ...names].join("")).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
  expect(await cell.exec("1 + 1")).toBe(2);
});

test("an endless getter of a cause is the guest's own time", async () => {
  const other = await supervisor.spawn("endless");
  const error = await rejectionOf(other.exec("throw { get cause() { for (;;); } }"));
  expect(error).toMatchObject({ denialEvent: { policyRule: "limit.cpu" } });
});
