// V8's own deserializer is the oracle: what both read is the same value, and ours reads nothing that V8 refuses.
import { serialize, setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";

import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";

import { cloneProblem } from "./clone-problem.ts";
import { decodeTaken } from "./decoder.ts";
import { decodeClone } from "./structured-clone.ts";
import { anyValue } from "../testing/any-value.ts";
import { difference } from "../testing/same-value.ts";

const values = anyValue({
  maxDepth: 5,
  key: fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "__proto__",
      "constructor",
      "toString",
      "a",
      "b",
      "0",
      "4294967294",
      "4294967295",
      "-1",
      "01",
      "1.5",
    ),
  ),
});

/** With V8's deserializer, and a copy of each view. */
const v8Decodes = decodeClone;

function sameAsV8(bytes: Buffer): void {
  expect(difference(decodeTaken(bytes), v8Decodes(bytes))).toBeUndefined();
}

test("any value is decoded as V8 decodes it", () => {
  fc.assert(
    fc.property(values, (value) => sameAsV8(serialize(value))),
    { numRuns: 3000 },
  );
});

test("rows of any keys are decoded as V8 decodes them", () => {
  const key = fc.oneof(fc.constantFrom("a", "b", "c", "7", "__proto__", "é", "中"), fc.string());
  const rows = fc.array(fc.array(fc.tuple(key, fc.oneof(fc.integer(), fc.double(), fc.string()))), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(rows, (some) => sameAsV8(serialize(some.map((row) => Object.fromEntries(row))))),
    { numRuns: 1000 },
  );
});

test("bytes that are changed anywhere are read as V8 reads them, or refused", () => {
  let read = 0;
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(values, changes, (value, some) => {
      const bytes = serialize(value);
      for (const [at, byte] of some)
        if (bytes.length > 2) bytes[2 + (at % (bytes.length - 2))] = byte;
      if (cloneProblem(bytes) !== undefined) return;
      let ours: unknown;
      try {
        ours = decodeTaken(bytes);
      } catch {
        return;
      }
      read += 1;
      expect(difference(ours, v8Decodes(bytes))).toBeUndefined();
    }),
    { numRuns: 10_000 },
  );
  expect(read).toBeGreaterThan(1000);
});

describe("values that fast-check does not make", () => {
  const circle: Record<string, unknown> = { name: "circle" };
  circle["self"] = circle;
  const list: unknown[] = [1];
  list[2] = 3;
  Object.assign(list, { extra: "x", 7: "y" });
  const shared = { a: 1 };
  const error = Object.assign(new RangeError("boo", { cause: circle }), { code: "E" });
  const looped = new Error("loop");
  looped.cause = looped;
  test.each<[string, unknown]>([
    ["a circle", circle],
    ["an array with holes and names", list],
    ["one object twice", [shared, shared, new Map([[shared, shared]]), new Set([shared])]],
    ["an Error with a cause", [error, error]],
    ["an Error that is its own cause", looped],
    ["an Error without a stack", Object.assign(new TypeError("x"), { stack: undefined })],
    ["an Error without a message", new SyntaxError()],
    ["numbers", [0, -0, NaN, Infinity, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 0.1, -1]],
    ["BigInts", [0n, -1n, 2n ** 63n, -(2n ** 64n), 2n ** 1000n, 255n]],
    ["boxed values", [Object(1), Object("s"), Object(true), Object(false), Object(5n)]],
    ["Dates", [new Date(0), new Date(NaN), new Date(8.64e15), new Date(-1.5)]],
    [
      "views",
      [
        new Uint8Array([1, 2]),
        Buffer.from("ab"),
        new DataView(new ArrayBuffer(3)),
        new BigInt64Array(2),
        new Float64Array(1),
      ],
    ],
    ["buffers", [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer]],
    ["two-byte texts at odd and even places", ["a", "中", "ab", "中文", { 中: 1, a中: 2 }]],
    ["a long array that has little in it", Object.assign([], { 1_000_000: 1 })],
    [
      "a wide row, and one that is wider",
      [
        Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i])),
        Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i])),
      ],
    ],
  ])("%s", (_what, value) => sameAsV8(serialize(value)));

  test("what a view holds is a copy", () => {
    const bytes = serialize(new Uint8Array([1, 2, 3]));
    const view = decodeTaken(bytes) as Uint8Array;
    expect(view.buffer.byteLength).toBe(3);
    bytes.fill(9);
    expect([...view]).toStrictEqual([1, 2, 3]);
  });
});

test("keys that came before are remembered by copies of their bytes", () => {
  const bytes = serialize({ first: 1, second: 2 });
  sameAsV8(bytes);
  bytes.fill("x", 6, 10);
  sameAsV8(serialize({ first: 1, second: 2 }));
  sameAsV8(serialize({ fxxxx: 1, second: 2 }));
});

test("arrays with names add no hidden class to the host's arrays", () => {
  setFlagsFromString("--allow-natives-syntax");
  const hasClass = runInThisContext("(array) => %HasFastProperties(array)") as (
    array: unknown,
  ) => boolean;
  const [plain, named, sparse] = decodeTaken(
    serialize([[1], Object.assign([1], { name: 2 }), Object.assign(Array(5), { name: 2 })]),
  ) as [unknown, unknown, unknown];
  expect([plain, named, sparse].map(hasClass)).toStrictEqual([true, false, false]);
  setFlagsFromString("--no-allow-natives-syntax");
});

test("a key too long to be remembered leaves those of other objects as they are", () => {
  const long = "x".repeat(200);
  const rows = [
    { [long]: 1, a: 2, b: 3 },
    { a: 1, b: 2 },
    { a: 1, [long]: 2, b: 3, a1: 4 },
  ];
  sameAsV8(serialize([...rows, ...rows]));
});

describe("a host that changed a prototype", () => {
  afterEach(() => {
    for (const prototype of [Object.prototype, Array.prototype]) {
      delete (prototype as unknown as Record<string, unknown>)["late"];
      delete (prototype as unknown as Record<string, unknown>)["early"];
    }
  });
  const setter = (name: string, seen: unknown[], prototype: object = Object.prototype): void =>
    void Object.defineProperty(prototype, name, {
      set: (value) => {
        seen.push(value);
      },
      configurable: true,
    });

  test("no setter of it is called with a guest's value", () => {
    const seen: unknown[] = [];
    setter("early", seen);
    const bytes = serialize(JSON.parse('[{"early":1,"late":2},{"early":1,"late":2}]'));
    sameAsV8(bytes);
    // The keys are known by now.
    setter("late", seen);
    sameAsV8(bytes);
    expect(seen).toStrictEqual([]);
  });

  test("a name of it that is read-only, and that V8's class begins with, stops no decoding", () => {
    const bytes = serialize([{ early: 1 }, { a: 1 }]);
    const prototype: object = Object.prototype;
    for (const name of ["early", "a"])
      Object.defineProperty(prototype, name, { value: 0, configurable: true });
    try {
      sameAsV8(bytes);
    } finally {
      delete (Object.prototype as unknown as Record<string, unknown>)["a"];
    }
  });

  test("no setter of Array.prototype is called with a guest's value", () => {
    const seen: unknown[] = [];
    const bytes = serialize([{ early: 1 }, Object.assign([1], { early: 2, late: 3 })]);
    setter("early", seen, Array.prototype);
    setter("late", seen, Array.prototype);
    sameAsV8(bytes);
    expect(seen).toStrictEqual([]);
  });
});

test("objects of guests leave the host's own objects as they are", () => {
  const decoded = decodeTaken(serialize({ a: 1 })) as object;
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  expect(decoded.constructor).toBe(Object);
  const circle = decodeTaken(serialize(Object.assign(Object(decoded), { self: decoded })));
  expect(() => JSON.stringify(circle)).toThrow("constructor 'Object'");
});
