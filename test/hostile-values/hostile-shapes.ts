import { ELEMENTS, FIELDS } from "./hostile-elements.ts";
import { collidingDigits, collidingDoubles, collidingIntegers } from "./colliding-keys.ts";
import { sparse } from "./node-kinds.ts";
import { type Shape, WireWriter } from "./wire-writer.ts";

/** Values of which n nodes may cost more than n times one node. */
const COSTLY: Readonly<Record<string, Shape>> = {
  "Set of BigInts with equal low 64 bits": (n) => setOf(n, (to, i) => to.bigint(1n, BigInt(i + 1))),
  "Set of BigInts of 64 bits that collide": (n) => {
    const digits = collidingDigits(n);
    return setOf(n, (to, i) => to.bigint(digits[i] ?? 0n));
  },
  "Set of BigInts of 50 digits that differ in the last": (n) =>
    setOf(n, (to, i) => to.bigint(...Array<bigint>(49).fill(1n), BigInt(i + 1))),
  "Set of integers that collide": (n) => {
    const integers = collidingIntegers(n);
    return setOf(n, (to, i) => to.int32(integers[i] ?? 0));
  },
  "Set of doubles that collide": (n) => {
    const doubles = collidingDoubles(n);
    return setOf(n, (to, i) => to.double(doubles[i] ?? 0));
  },
  "Map of integers that collide": (n) => {
    const integers = collidingIntegers(n);
    const to = new WireWriter();
    to.tag(";");
    for (const integer of integers) to.int32(integer).tag("0");
    return to
      .tag(":")
      .varint(n * 2)
      .bytes();
  },
  "Set of integers that do not collide": (n) => setOf(n, (to, i) => to.int32(i)),
  "Set of strings": (n) => setOf(n, (to, i) => to.latin1(i.toString(36))),
  "object, n names": (n) => {
    const to = new WireWriter().tag("o");
    for (let i = 0; i < n; i++) to.latin1(`k${i.toString(36)}`).tag("0");
    return to.tag("{").varint(n).bytes();
  },
  "object, n names of two bytes a character": (n) => {
    const to = new WireWriter().tag("o");
    for (let i = 0; i < n; i++) to.utf16(`\u4e2d${i.toString(36)}`).tag("0");
    return to.tag("{").varint(n).bytes();
  },
  "object, n integer keys": (n) => integerKeys(n, (i) => i),
  "object, n integer keys far apart": (n) => integerKeys(n, (i) => i * 1031 + 7),
  "object, n strings that spell integers": (n) => {
    const to = new WireWriter().tag("o");
    for (let i = 0; i < n; i++) to.latin1(String(i)).tag("0");
    return to.tag("{").varint(n).bytes();
  },
  "object, n doubles as keys": (n) => {
    const to = new WireWriter().tag("o");
    for (let i = 0; i < n; i++) to.double((i + 1) * 5e-324).tag("0");
    return to.tag("{").varint(n).bytes();
  },
  "objects, each 10 new names": newNames(10),
  "objects, each 100 new names": newNames(100),
  "objects, each 1,000 new names": newNames(1000),
  "objects, each 1,021 new names": newNames(1021),
  "objects, each 190 one-letter names in another order": (n) => {
    const to = new WireWriter();
    to.dense(n, (index) => {
      to.tag("o");
      // 191 is prime: each step visits every letter but one, in an order of its own.
      for (let i = 1; i < 191; i++)
        to.latin1(String.fromCharCode(64 + ((i * ((index % 190) + 1) + index) % 191))).tag("0");
      to.tag("{").varint(190);
    });
    return to.bytes();
  },
  "objects, 100 names of which the last is new": (n) => {
    const to = new WireWriter();
    to.dense(n, (index) => {
      to.tag("o");
      for (let i = 0; i < 99; i++) to.latin1(String.fromCharCode(33 + i)).tag("0");
      to.latin1(`_${index.toString(36)}`)
        .tag("0")
        .tag("{")
        .varint(100);
    });
    return to.bytes();
  },
  "Set of strings that spell integers with equal low bits": (n) =>
    setOf(n, (to, i) => to.latin1(String(1_000_000 + (i % 900) * 8192 + Math.floor(i / 900)))),
  "views on one buffer": (n) => {
    const to = new WireWriter();
    to.tag("A")
      .varint(n + 1)
      .tag("B")
      .varint(0);
    for (let i = 0; i < n; i++) to.reference(1).tag("V").tag("B").raw(0, 0, 0);
    return to
      .tag("$")
      .varint(0)
      .varint(n + 1)
      .bytes();
  },
  "elements that change between dense and dictionary": toggling("o", "{"),
  "array elements that change between dense and dictionary": (n) => toggling("a", "@")(n),
  "arrays in arrays, n deep": (n) => {
    const to = new WireWriter();
    for (let i = 0; i < n; i++) to.tag("A").varint(1);
    to.tag("0");
    for (let i = 0; i < n; i++) to.tag("$").varint(0).varint(1);
    return to.bytes();
  },
  "Maps in Maps, n deep": (n) => {
    const to = new WireWriter();
    for (let i = 0; i < n; i++) to.tag(";");
    to.tag("0").tag("0");
    for (let i = 0; i < n; i++) to.tag(":").varint(2).tag("0");
    return to.bytes().subarray(0, -1);
  },
  "causes of Errors, n deep": (n) => {
    const to = new WireWriter();
    for (let i = 0; i < n; i++) to.tag("r").tag("c");
    to.tag("0");
    for (let i = 0; i < n; i++) to.tag(".");
    return to.bytes();
  },
  "n sparse arrays of length 50,000": (n) => lengths(n, 50_000),
  "n sparse arrays of length 1,000": (n) => lengths(n, 1000),
  "RegExp \\p{RGI_Emoji} n times, flag v": (n) =>
    new WireWriter().tag("R").latin1("\\p{RGI_Emoji}".repeat(n)).varint(256).bytes(),
  "RegExp \\p{L} n times, flags iu": (n) =>
    new WireWriter()
      .tag("R")
      .latin1("\\p{L}".repeat(n))
      .varint(2 | 16)
      .bytes(),
  "n letters": (n) => new WireWriter().latin1("a".repeat(n)).bytes(),
};

/** All of them by what they are. */
export const SHAPES: Readonly<Record<string, Shape>> = { ...COSTLY, ...ELEMENTS, ...FIELDS };

export function shapeOf(kind: string): Shape {
  const shape = SHAPES[kind];
  if (shape === undefined) throw new Error(`no shape is called ${kind}`);
  return shape;
}

function newNames(names: number): Shape {
  return (n) => {
    const to = new WireWriter();
    to.dense(n, (index) => {
      to.tag("o");
      for (let i = 0; i < names; i++) to.latin1(`_${(index * names + i).toString(36)}`).tag("0");
      to.tag("{").varint(names);
    });
    return to.bytes();
  };
}

function setOf(n: number, key: (to: WireWriter, index: number) => unknown): Buffer {
  const to = new WireWriter().tag("'");
  for (let index = 0; index < n; index++) key(to, index);
  return to.tag(",").varint(n).bytes();
}

function integerKeys(n: number, key: (index: number) => number): Buffer {
  const to = new WireWriter().tag("o");
  for (let index = 0; index < n; index++) to.int32(key(index)).tag("0");
  return to.tag("{").varint(n).bytes();
}

function lengths(n: number, length: number): Buffer {
  const to = new WireWriter();
  to.dense(n, () => sparse(to, length));
  return to.bytes();
}

/**
 * V8 keeps elements in a dictionary once a gap of 1,024 is left, and in an array again once that takes less room: each time
 * it moves all of them.
 */
function toggling(begin: string, end: string): Shape {
  return (n) => {
    const to = new WireWriter().tag(begin);
    if (begin === "a") to.varint(0);
    const indexes = Array.from({ length: n }, (_, index) => index);
    // The first gap is beyond what was laid in for a dense array of n: from here on it has no spare room.
    for (let index = n * 2 + 2000; index < n * 8; index += 1101) indexes.push(index, index + 1);
    for (const index of indexes) to.int32(index).tag("0");
    to.tag(end).varint(indexes.length);
    if (begin === "a") to.varint(0);
    return to.bytes();
  };
}
