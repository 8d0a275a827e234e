import { type Shape, WireWriter } from "./wire-writer.ts";

/** How a key that is an index is written: cells write the first two, a taken one all. */
const KEYS = {
  integer: (to: WireWriter, index: number) => to.int32(index),
  double: (to: WireWriter, index: number) => to.double(index),
  text: (to: WireWriter, index: number) => to.latin1(String(index)),
  twoByteText: (to: WireWriter, index: number) => to.utf16(String(index)),
};

/** Objects and arrays whose keys are indices: what V8 lays out for them follows from the keys and the gaps between them. */
export const ELEMENTS: Readonly<Record<string, Shape>> = {
  "keys each far from the last": keysOf(farApart(1100), KEYS.integer),
  "keys each just as far as V8 minds": keysOf(farApart(1026), KEYS.integer),
  "keys each far from the last, as doubles": keysOf(farApart(1100), KEYS.double),
  "keys each far from the last, as text": keysOf(farApart(1100), KEYS.text),
  "a sparse array of keys each far from the last": (n) => {
    const to = new WireWriter().tag("a").varint(0);
    const keys = farApart(1100)(n);
    for (const key of keys) to.int32(key).tag("0");
    return to.tag("@").varint(keys.length).varint(0).bytes();
  },
  "keys each far from the last, as text of two bytes": keysOf(farApart(1100), KEYS.twoByteText),
  "keys by turns, as text": keysOf(byTurns, KEYS.text),
  "keys by turns, as doubles": keysOf(byTurns, KEYS.double),
  "objects of the key 1,000": arrayOfObjects([1000]),
  "objects of the key 1,000, as text": arrayOfObjects([1000], KEYS.text),
  "objects of the key 1,000, as text of two bytes": arrayOfObjects([1000], KEYS.twoByteText),
  "objects of the key 300": arrayOfObjects([300]),
  "objects of the keys 900, 1,900 and 2,900": arrayOfObjects([900, 1900, 2900]),
  "objects of the keys 1 and 1,000": arrayOfObjects([1, 1000]),
  "sparse arrays of the key 1,000": (n) => {
    const to = new WireWriter();
    to.dense(n, () => to.tag("a").varint(0).int32(1000).tag("0").tag("@").varint(1).varint(0));
    return to.bytes();
  },
  "dense arrays of one and the key 1,000": (n) => {
    const to = new WireWriter();
    to.dense(n, () =>
      to.tag("A").varint(1).tag("0").int32(1000).tag("0").tag("$").varint(1).varint(1),
    );
    return to.bytes();
  },
  "a dense array, then far keys": (n) => {
    const to = new WireWriter().tag("A").varint(n);
    for (let index = 0; index < n; index++) to.tag("0");
    const keys = Array.from({ length: 100 }, (_, index) => n + 1100 * (index + 1));
    for (const key of keys) to.int32(key).tag("0");
    return to.tag("$").varint(keys.length).varint(n).bytes();
  },
  "sparse arrays of 1,000 places and a far key": (n) => {
    const to = new WireWriter();
    to.dense(n, () =>
      to.tag("a").varint(1000).int32(100_000).tag("0").tag("@").varint(1).varint(1000),
    );
    return to.bytes();
  },
};

/** Names that are written as numbers, and names that V8 has met and which cost as if it had not. */
export const FIELDS: Readonly<Record<string, Shape>> = {
  "128 names, each a double by turns": fields(128, (object, field) => (object + field) % 128 === 0),
  "100 names, each a double in one object": fields(100, (object, field) => field === object % 100),
  "negative integers as names": keysOf(
    upTo((n) => -n),
    KEYS.integer,
  ),
  "fractions as names": keysOf(
    upTo(() => 0.1),
    KEYS.double,
  ),
  "objects, each 1,000 negative integers as names": (n) => {
    const to = new WireWriter();
    to.dense(Math.ceil(n / 1000), (object) => {
      to.tag("o");
      for (let index = 0; index < 1000; index++)
        to.int32(-1_000_000 + object * 1000 + index).tag("0");
      to.tag("{").varint(1000);
    });
    return to.bytes();
  },
  "names for which there are too many transitions": (n) => {
    const to = new WireWriter();
    to.dense(n, (index) => {
      const name = index < 2000 ? index : 1700 + (index % 300);
      to.tag("o")
        .latin1(`k${name.toString(36)}`)
        .tag("0")
        .tag("{")
        .varint(1);
    });
    return to.bytes();
  },
};

function keysOf(
  keys: (n: number) => readonly number[],
  write: (to: WireWriter, key: number) => unknown,
): Shape {
  return (n) => {
    const to = new WireWriter().tag("o");
    const all = keys(n);
    for (const key of all) {
      write(to, key);
      to.tag("0");
    }
    return to.tag("{").varint(all.length).bytes();
  };
}

/** A dense beginning of n keys, and then keys up to 9n. */
function farApart(gap: number): (n: number) => readonly number[] {
  return (n) => {
    const keys = Array.from({ length: n }, (_, index) => index);
    for (let key = n * 2 + 2000; key < n * 9; key += gap) keys.push(key);
    return keys;
  };
}

/** n keys, each one more than the last. */
function upTo(first: (n: number) => number): (n: number) => readonly number[] {
  return (n) => Array.from({ length: n }, (_, index) => first(n) + index);
}

function byTurns(n: number): readonly number[] {
  return farApart(1101)(n).flatMap((key) => (key < n ? [key] : [key, key + 1]));
}

function arrayOfObjects(keys: readonly number[], write = KEYS.integer): Shape {
  return (n) => {
    const to = new WireWriter();
    to.dense(n, () => {
      to.tag("o");
      for (const key of keys) write(to, key).tag("0");
      to.tag("{").varint(keys.length);
    });
    return to.bytes();
  };
}

function fields(names: number, isDouble: (object: number, field: number) => boolean): Shape {
  return (n) => {
    const to = new WireWriter();
    to.dense(n, (object) => {
      to.tag("o");
      for (let field = 0; field < names; field++) {
        to.latin1(String.fromCharCode(33 + field));
        if (isDouble(object, field)) to.double(1.5);
        else to.int32(1);
      }
      to.tag("{").varint(names);
    });
    return to.bytes();
  };
}
