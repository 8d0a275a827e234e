import { WireWriter } from "./wire-writer.ts";

/** Writes one value of a kind, the smallest that has a body of its own; `index` makes each another one. */
export type Node = (to: WireWriter, index: number) => unknown;

/** Every kind of value that structured clone carries, in the smallest wire form. */
export const NODES: Readonly<Record<string, Node>> = {
  hole: (to) => to.tag("-"),
  undefined: (to) => to.tag("_"),
  null: (to) => to.tag("0"),
  true: (to) => to.tag("T"),
  "smi, 2 bytes": (to) => to.int32(1),
  "uint32 above smi": (to, i) => to.tag("U").varint(0xffff_ffff - (i % 1000)),
  double: (to, i) => to.double(i + 0.5),
  "BigInt 0n": (to) => to.bigint(),
  "BigInt of 64 bits": (to, i) => to.bigint(BigInt(i) + 1n),
  "string, empty": (to) => to.latin1(""),
  "string, 1 character": (to) => to.latin1("a"),
  "string, 2 characters": (to) => to.latin1("ab"),
  "string, 16 characters": (to) => to.latin1("abcdefghijklmnop"),
  "string, 1 character of two bytes": (to) => to.utf16("\u4e2d"),
  "string, UTF-8, 2 characters": (to) => to.tag("S").varint(2).raw(0x61, 0x62),
  "object reference": (to) => to.reference(0),
  "object, empty": (to) => to.tag("o").tag("{").varint(0),
  "object, 1 property": (to) => to.tag("o").latin1("a").tag("0").tag("{").varint(1),
  "object, 1 own key": (to, i) => to.tag("o").latin1(i.toString(36)).tag("0").tag("{").varint(1),
  "object, 1 integer key": (to) => to.tag("o").int32(0).tag("0").tag("{").varint(1),
  "object, key 1000000": (to) => to.tag("o").int32(1_000_000).tag("0").tag("{").varint(1),
  "array, empty dense": (to) => to.dense(0, () => undefined),
  "array, empty sparse": (to) => sparse(to, 0),
  "array, dense of 1": (to) => to.dense(1, () => to.tag("0")),
  "array, sparse of 1 at 1000000": (to) =>
    to.tag("a").varint(0).int32(1_000_000).tag("0").tag("@").varint(1).varint(0),
  "Map, empty": (to) => to.tag(";").tag(":").varint(0),
  "Map of 1": (to) => to.tag(";").tag("0").tag("0").tag(":").varint(2),
  "Set, empty": (to) => to.tag("'").tag(",").varint(0),
  "Set of 1": (to) => to.tag("'").tag("0").tag(",").varint(1),
  Date: (to, i) => to.date(i),
  "Boolean object": (to) => to.tag("y"),
  "Number object": (to, i) => to.numberObject(i + 0.5),
  "BigInt object": (to) => to.tag("z").varint(0),
  "String object": (to) => to.tag("s").latin1(""),
  "RegExp, empty": (to) => to.tag("R").latin1("").varint(0),
  "RegExp of one character": (to, i) => to.tag("R").latin1(i.toString(36)).varint(0),
  "Error, empty": (to) => to.tag("r").tag("."),
  "Error with message and stack": (to) =>
    to.tag("r").tag("m").latin1("ab").tag("s").latin1("cd").tag("."),
  "Error with cause": (to) => to.tag("r").tag("c").tag("0").tag("."),
  "ArrayBuffer, empty": (to) => to.tag("B").varint(0),
  "ArrayBuffer of 1": (to) => to.tag("B").varint(1).raw(7),
  "resizable ArrayBuffer, empty, most 0": (to) => to.tag("~").varint(0).varint(0),
  "resizable ArrayBuffer, empty, most 1": (to) => to.tag("~").varint(0).varint(1),
  "view, V8's, on its own buffer": (to) => to.tag("B").varint(0).tag("V").tag("B").raw(0, 0, 0),
  "view, Node's Uint8Array, empty": (to) => to.tag("\\").varint(1).varint(0),
  "view, Node's Float64Array of 1": (to) =>
    to.tag("\\").varint(8).varint(8).raw(0, 0, 0, 0, 0, 0, 0, 0),
  "view, Node's DataView, empty": (to) => to.tag("\\").varint(9).varint(0),
  "view, Node's Buffer, empty": (to) => to.tag("\\").varint(10).varint(0),
};

export function nodeOf(kind: string): Node {
  const node = NODES[kind];
  if (node === undefined) throw new Error(`no kind of value is called ${kind}`);
  return node;
}

/** An array that says a length and holds nothing: what `x = new Array(1e9); x.length = length` becomes. */
export function sparse(to: WireWriter, length: number): unknown {
  return to.tag("a").varint(length).tag("@").varint(0).varint(length);
}

/** A message of many values of a kind. */
export function arrayOf(node: Node, length: number): Buffer {
  const to = new WireWriter();
  to.dense(length, (index) => node(to, index));
  return to.bytes();
}
