import { serialize } from "node:v8";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { anyValue } from "../testing/any-value.ts";
import { cloneProblem } from "./clone-problem.ts";
import { HEADER, Refused } from "./cursor.ts";
import { MAX_DEPTH, Scan } from "./scan.ts";
import { decodeClone } from "./structured-clone.ts";

const values = anyValue();

test("every value that structured clone carries may be decoded", () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(cloneProblem(serialize(value))).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

test("bytes that are cut off at any place are refused", () => {
  fc.assert(
    fc.property(
      values,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (value, part) => {
        const bytes = serialize(value);
        expect(cloneProblem(bytes.subarray(0, Math.floor(bytes.length * part)))).toBeDefined();
      },
    ),
    { numRuns: 1000 },
  );
});

test("any bytes are looked at without a throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const given = Buffer.concat([serialize(0).subarray(0, 2), bytes]);
      expect(["string", "undefined"]).toContain(typeof cloneProblem(given)?.why);
    }),
    { numRuns: 5000 },
  );
});

describe("what does not travel is named", () => {
  test.each<[string, unknown, string]>([
    ["a RegExp", [/a/], "RegExp"],
    [
      "a buffer that can grow",
      // The library's own types do not know the option yet.
      Reflect.construct(ArrayBuffer, [1, { maxByteLength: 1e9 }]),
      "resizable ArrayBuffer",
    ],
  ])("%s", (_what, value, name) => {
    expect(cloneProblem(serialize(value))).toMatchObject({ kind: "barred" });
    expect(cloneProblem(serialize(value))?.why).toContain(name);
  });
});

describe("what costs too much is refused, and half a bound is not", () => {
  const rows = (count: number): unknown =>
    Array.from({ length: count }, (_, id) => ({
      id,
      name: `user ${id}`,
      tags: ["a"],
      score: id / 3,
    }));
  const collide = (count: number): Set<bigint> =>
    new Set(Array.from({ length: count }, (_, index) => (BigInt(index + 1) << 64n) | 1n));
  const sparse = (length: number): unknown => {
    const list = [] as unknown[];
    list[1e9] = 0;
    list.length = length;
    return list;
  };
  const names = (count: number): unknown =>
    Array.from({ length: count }, (_, index) => ({ [`name ${index}`]: 1 }));
  const turns = (count: number): unknown =>
    Array.from({ length: count }, (_, index) => ({ [`n${index % 500}`]: 1 }));
  const toggling = (count: number): unknown => {
    const made: Record<number, number> = {};
    for (let index = 0; index < count; index++) made[index] = 0;
    for (let index = 2 * count + 2000; index < 8 * count; index += 1101)
      made[index] = made[index + 1] = 0;
    return made;
  };
  /** A name too long to be remembered, and the names after it. */
  const wide = (count: number): unknown =>
    Array.from({ length: count }, () =>
      Object.fromEntries(Array.from({ length: 16 }, (_, index) => ["x".repeat(127 - index), 1])),
    );
  const distinct = (count: number): unknown =>
    Array.from({ length: count }, (_, index) => ({ [`${"x".repeat(90)}${index}`]: 1 }));
  const lengthy = (count: number): unknown =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => ["x".repeat(16_390) + String(10 + index), 1]),
    );
  const named = (count: number): unknown =>
    Array.from({ length: count }, () =>
      Object.assign(
        [],
        Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`name ${index}`, 1])),
      ),
    );
  const nested = (levels: number): unknown => {
    let value: unknown = 0;
    for (let level = 0; level < levels; level++) value = [value];
    return value;
  };
  test.each<[string, (size: number) => unknown, number]>([
    ["rows of a table", rows, 34_000],
    ["BigInts that all stand in one row of a Set", collide, 3000],
    ["numbers in a Set", (count) => new Set(Array(count).keys()), 5000],
    ["an array of places and nothing in them", sparse, 1_000_000],
    ["objects of new names", names, 20_000],
    ["objects of 500 names by turns", turns, 42_000],
    ["keys that make V8 copy all others again and again", toggling, 4000],
    ["nesting", nested, MAX_DEPTH + 1],
    ["rows of names that are not remembered", wide, 4000],
    ["texts of eight characters", (count) => Array<string>(count).fill("12345678"), 350_000],
    ["BigInts of two digits", (count) => Array<bigint>(count).fill(1n << 70n), 60_000],
    ["new names of more than 64 characters", distinct, 9000],
    ["arrays with names", named, 4000],
    ["names that V8 hashes by their length only", lengthy, 18],
  ])("%s", (_what, make, most) => {
    expect(cloneProblem(serialize(make(most)))).toMatchObject({ kind: "much" });
    const half = serialize(make(Math.floor(most / 2)));
    expect(cloneProblem(half)).toBeUndefined();
    expect(() => decodeClone(half)).not.toThrow();
  });
});

describe("the check stops where the bound is passed, within one container too", () => {
  const open = (begin: string, each: string): Buffer => {
    const parts = [HEADER, Buffer.from(begin, "latin1"), Buffer.alloc(8 << 20, each, "latin1")];
    return Buffer.concat(parts);
  };
  test.each<[string, Buffer]>([
    ["a Set of nothing", open("'", "_")],
    ["a Map of nothing", open(";", "_")],
    ["an array of nothing", open("A\xff\xff\xff\x03", "_")],
    ["an array of holes", open("A\xff\xff\xff\x03", "-")],
    ["an array of BigInts", open("A\xff\xff\xff\x01", "Z\0")],
    ["an object's indices", open("o", "I\0_")],
    ["an Error of many kinds", open("r", "E")],
    ["an Error of many messages", open("r", 'm"\0')],
  ])("%s", (_what, bytes) => {
    const scan = new Scan(bytes);
    expect(() => scan.whole()).toThrow(Refused);
    expect(scan.at).toBeLessThan(bytes.length / 4);
  });
});

test("holes of an array are counted", () => {
  const count = 1 << 20;
  const number = Buffer.of(0x80, 0x80, 0x40);
  const parts = [
    HEADER,
    Buffer.from("A"),
    number,
    Buffer.alloc(count, "-"),
    Buffer.from("$\0"),
    number,
  ];
  expect(cloneProblem(Buffer.concat(parts))).toMatchObject({ kind: "much" });
});

test("a text or a view of a megabyte may be decoded", () => {
  expect(cloneProblem(serialize("x".repeat(1_000_000)))).toBeUndefined();
  expect(cloneProblem(serialize(new Uint8Array(1_000_000)))).toBeUndefined();
});
