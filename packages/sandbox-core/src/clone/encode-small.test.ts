// V8's own serializer is the oracle: what is encoded here is what V8 writes, byte for byte but for texts and arrays that V8 happens to
// hold in a wider form than they need.
import { deserialize, serialize } from "node:v8";

import fc from "fast-check";
import { expect, test } from "vitest";

import { cloneProblem } from "./clone-problem.ts";
import { decodeTaken } from "./decoder.ts";
import { encodeSmall } from "./encode-small.ts";
import { encodeClone } from "./structured-clone.ts";
import { anyValue } from "../testing/any-value.ts";
import { difference } from "../testing/same-value.ts";

const keys = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "a", "b", "0", "01", "-1", "1e3", "é", "中", ""),
);
const few = { maxDepth: 4, maxKeys: 4, key: keys };
/** Of the kinds that are encoded here, and small enough. */
const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constantFrom(null, undefined, -0, 2 ** 31, -(2 ** 31), 2 ** 30, -(2 ** 30) - 1, NaN),
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      keys.filter((key) => !/^\d/u.test(key)),
      tie("value"),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  ),
})).value;

/** Returns whether it was encoded here. */
function sameAsV8(value: unknown): boolean {
  const bytes = encodeSmall(value);
  if (bytes === undefined) return false;
  const ofV8 = serialize(value);
  expect(difference(deserialize(bytes), deserialize(ofV8))).toBeUndefined();
  expect(difference(decodeTaken(bytes), decodeTaken(ofV8))).toBeUndefined();
  expect(cloneProblem(bytes)).toBeUndefined();
  return true;
}

test("any value is encoded as V8 encodes it, or left to V8", () => {
  let encoded = 0;
  fc.assert(
    fc.property(anyValue(few), (value) => {
      if (sameAsV8(value)) encoded += 1;
    }),
    { numRuns: 5000 },
  );
  expect(encoded).toBeGreaterThan(300);
});

test("values of plain objects, arrays, text and numbers are encoded here while they are small", () => {
  let left = 0;
  fc.assert(
    fc.property(plain, (value) => {
      if (!sameAsV8(value)) left += 1;
    }),
    { numRuns: 3000 },
  );
  expect(left).toBeLessThan(30);
});

test("an object that comes twice, or holds itself, is one object where it arrives", () => {
  const twice = { a: 1 };
  const circle: Record<string, unknown> = { twice, list: [twice, { twice }] };
  circle["self"] = circle;
  for (const value of [circle, [circle, twice]]) {
    expect(sameAsV8(value)).toBe(true);
    expect(encodeSmall(value)).toEqual(serialize(value));
  }
});

const EXACT: unknown[] = [
  [],
  { id: 5, name: "a person" },
  { a: [1, -1], f: [0.5, -0, 2 ** 31], g: [{ b: null, c: undefined, d: true, e: false }], "": "" },
  { odd: "中", even: ["中", "a", "中中"], é: "é" },
  "\ud800",
  ...[47, 48, 49, 63, 64, 127, 128, 129, 1000].flatMap((length) => [
    "a".repeat(length),
    "é".repeat(length),
    ["中".repeat(length)],
    { x: "odd", more: "中".repeat(length) },
  ]),
];

test("the bytes are V8's", () => {
  for (const value of EXACT) expect(encodeSmall(value)).toEqual(serialize(value));
});

test("up to 24 properties and 2 KiB are encoded here", () => {
  const rows = (count: number): unknown => Array.from({ length: count }, (_, id) => ({ id }));
  expect(encodeSmall(rows(12))).toEqual(serialize(rows(12)));
  expect(encodeSmall(rows(13))).toBeUndefined();
  expect(encodeSmall("a".repeat(2040))).toBeDefined();
  expect(encodeSmall("a".repeat(2050))).toBeUndefined();
  expect(encodeSmall("中".repeat(1020))).toBeDefined();
  expect(encodeSmall("中".repeat(1025))).toBeUndefined();
  let nested: unknown = "x".repeat(1900);
  for (let depth = 0; depth < 24; depth += 1) nested = [nested];
  expect(sameAsV8(nested)).toBe(true);
});

test("values of other kinds are left to V8, without a line of their code being run", () => {
  let ran = 0;
  const run = (): number => (ran += 1);
  const handler = new Proxy({}, { get: () => run });
  class Made {
    a = 1;
  }
  const others: unknown[] = [
    {
      a: 1,
      get b() {
        return run();
      },
    },
    [
      {
        set a(_: unknown) {
          run();
        },
      },
    ],
    Object.defineProperty([1], 0, { get: run, enumerable: true }),
    new Proxy({ a: 1 }, handler),
    { a: [new Proxy([], handler)] },
    new Proxy(run, handler),
    Object.create({
      get a() {
        return run();
      },
    }),
    new Made(),
    Object.create(null),
    { 0: "an index" },
    [1, , 3], // oxlint-disable-line no-sparse-arrays -- what is tested
    {},
    (function () {
      return arguments;
    })(),
    Object.setPrototypeOf(new Map(), Object.prototype),
    Object.assign([1], { named: 2 }),
    Object.assign(Object.defineProperty([1, 2], 1, { enumerable: false }), { named: 2 }),
    Object.assign([, 1], { named: 2 }), // oxlint-disable-line no-sparse-arrays -- what is tested
    new Map(),
    new Date(0),
    /x/u,
    new Error("x"),
    Object(1),
    new Uint8Array(2),
    1n,
    Symbol("x"),
    run,
    { toJSON: run },
    process.env,
  ];
  for (const value of others) expect(encodeSmall(value)).toBeUndefined();
  expect(ran).toBe(0);
});

test("a getter is called once by an encoding, also after what is encoded here", () => {
  let called = 0;
  const value = {
    before: [{ a: 1 }],
    get a() {
      return (called += 1);
    },
  };
  expect(deserialize(encodeClone(value))).toEqual({ before: [{ a: 1 }], a: 1 });
  expect(called).toBe(1);
});

test("each encoding has bytes of its own", () => {
  const first = encodeSmall({ a: 1 });
  const copy = Buffer.from(first ?? []);
  encodeSmall({ b: "another" });
  expect(first).toEqual(copy);
});
