import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../../testing/cells.ts";

let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(() => {
  supervisor = new Supervisor({
    policy: policyOf([]),
    modules: {
      handlers:
        "export function one() { return 1 } export const two = () => 2; export default () => 'default of handlers'",
    },
  });
});

beforeEach(async () => {
  cell = await supervisor.spawn("exporter");
});

afterAll(async () => {
  await supervisor.close();
});

test("what a module program exports can be called, by this call and later ones", async () => {
  await cell.exec(
    "let count = 0; export function handle(event) { return [event.name, ++count, this === undefined] } export default async (x) => x * 2;",
  );
  expect(await cell.call("handle", { name: "a" })).toEqual(["a", 1, true]);
  expect(await cell.call("default", 21)).toBe(42);
  await cell.exec("1");
  await cell.exec("export const other = () => 'other'");
  expect(await cell.call("handle", { name: "b" })).toEqual(["b", 2, true]);
  expect(await cell.call("other")).toBe("other");
});

test("every form of an export", async () => {
  await cell.exec(
    `export const a = () => "a", { b, c: [d] } = { b: () => "b", c: [() => "d"] };
     let late = () => "early"; function named() { return "named" } class C { static made() { return "made" } }
     export { late, named as "a name", C }; export { two as deux } from "handlers"; export * from "handlers"; export * as all from "handlers";
     export const made = C.made; late = () => "late"; export default function own() { return "own" }`,
  );
  const names = ["a", "b", "d", "late", "a name", "deux", "one", "two", "made", "default"];
  expect(await Promise.all(names.map(async (name) => await cell.call(name)))).toEqual([
    ..."abd",
    "late",
    "named",
    2,
    1,
    2,
    "made",
    "own",
  ]);
  for (const name of ["own", "named", "all", "nothing"])
    expect(await rejectionOf(cell.call(name))).toMatchObject({
      name: "GuestError",
      message: `globalThis.${name} is not a function`,
    });
});

test("a later export replaces one of its name, and a program that fails exports nothing", async () => {
  await cell.exec("export const f = () => 1");
  await cell.exec("export const f = () => 2");
  expect(await cell.call("f")).toBe(2);
  await rejectionOf(cell.exec("export const f = () => 3; throw new Error('no')"));
  expect(await cell.call("f")).toBe(2);
});

test("a global function of the same name keeps its meaning", async () => {
  await cell.exec("globalThis.f = () => 'global'; export const f = () => 'export'");
  expect(await cell.call("f")).toBe("global");
  await cell.exec("delete globalThis.f");
  expect(await cell.call("f")).toBe("export");
  await cell.exec("globalThis.f = 'no function'");
  expect(await cell.call("f")).toBe("export");
});

test("what a program exports stays its value, and the value of a program stays what it was", async () => {
  expect(await cell.exec("export const x = 1; export default x + 1")).toBe(2);
  expect(await cell.exec("export const y = 1; y + 2")).toBe(3);
  expect(await cell.exec("export { two as default } from 'handlers'; 1")).toBeUndefined();
  expect(await cell.call("default")).toBe(2);
});

test.each(["__proto__", "constructor", "hasOwnProperty", "__defineGetter__"])(
  "an export by the name %s touches nothing else",
  async (name) => {
    await cell.exec(`const f = () => "mine"; export { f as ${name} }; export const g = () => 7`);
    expect(await cell.call("g")).toBe(7);
    expect(await cell.exec("({}).polluted")).toBeUndefined();
  },
);

test("the function that takes the exports is nowhere in the guest's reach, and takes nothing that hurts", async () => {
  expect(
    await cell.exec(
      "export const x = 1; Object.getOwnPropertyNames(globalThis).filter((n) => /expose|export/i.test(n))",
    ),
  ).toEqual([]);
  // Found in its own text all the same, it only fills the guest's own table.
  const found = `const expose = eval("__def" + "ault__expose"); try { expose({ get x() { return () => 1 } }, [new Proxy({}, { ownKeys() { throw new Error("mine") } })]) } catch (error) { globalThis.seen = error.message }`;
  await cell.exec(`${found}; export const h = () => seen;`);
  expect(await cell.call("h")).toBe("mine");
});
