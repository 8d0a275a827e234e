// Small on the wire, large in memory: what waits for a reader is bounded by what the host holds of it.
import { expect } from "vitest";

import type { Case } from "../observation.ts";
import { eachCase, endsAsDocumented, MAX_STALL_MS } from "./each-case.ts";
import { message, nodes, result, shape, silent, taken } from "./scripts.ts";

/** What the host may hold of one cell whose messages are not read: 64 MiB wait at most, and what they stand in. */
const MAX_HELD_MIB = 100;
const limits = { cpu_ms: 10_000, wall_ms: 60_000 };

/** 3,600 messages of a guest, 60 a call. */
function posts(name: string, make: string): Case {
  const program = `for (let n = 0; n < 60; n++) { try { post(${make}) } catch {} } 1`;
  return { name: `messages of a guest: ${name}`, calls: [program], times: 60, limits };
}

const many = (make: string, n = 1500): string => `Array.from({ length: ${n} }, () => ${make})`;

/** 3,600 messages of a taken cell, of 4 KiB each, 400 a call. */
function taking(name: string, kind: string, n: number): Case {
  return {
    name: `messages of a taken cell: ${name}`,
    calls: [taken(message(nodes(kind, n), 400))],
    times: 9,
    limits,
  };
}

const HOLES = "(() => { const x = new Array(1e9); x.length = 5e4; return x })()";

const CASES: readonly Case[] = [
  posts("a sparse array of 50,000", HOLES),
  posts("a sparse array in a Map", `new Map([[1, ${HOLES}]])`),
  posts("a sparse array with one element", HOLES.replace("return", "x[3] = 1; return")),
  posts("two sparse arrays", `[${HOLES}, ${HOLES}]`),
  posts("a sparse array of 3,000,000", HOLES.replace("5e4", "3e6")),
  posts("empty Maps", many("new Map()")),
  posts("empty Sets", many("new Set()")),
  posts("empty views", many("new Uint8Array(0)")),
  posts("objects with an integer key", many("({ 0: 0 })")),
  posts("arrays with a far element", many("(() => { const a = []; a[1e6] = 0; return a })()", 700)),
  posts("boxed Booleans", many("Object(true)", 8000)),
  posts("resizable ArrayBuffers", many("new ArrayBuffer(0, { maxByteLength: 2 ** 32 })", 40)),
  taking("Maps", "Map, empty", 1365),
  taking("Sets", "Set, empty", 1365),
  taking("views of Node", "view, Node's Buffer, empty", 1365),
  taking("views of V8", "view, V8's, on its own buffer", 600),
  taking("boxed Booleans", "Boolean object", 4000),
  taking("ArrayBuffers", "ArrayBuffer, empty", 2000),
  taking("Errors", "Error, empty", 2000),
  taking("objects with an integer key", "object, 1 integer key", 680),
  taking("resizable ArrayBuffers", "resizable ArrayBuffer, empty, most 1", 1000),
  {
    name: "messages of a taken cell: sparse arrays of 50,000, 400 in each",
    calls: [taken(message(shape("n sparse arrays of length 50,000", 400)))],
    times: 9,
    limits,
  },
  {
    name: "a guest's result: a sparse array of 7,000,000",
    calls: [HOLES.replace("5e4", "7e6")],
    limits,
  },
  {
    name: "a taken cell's result: a sparse array of 33,000,000",
    calls: [silent(result({ is: "hex", hex: "ff0f61c093de0f4000c093de0f" }))],
    limits,
  },
  {
    name: "a taken cell's result: two million Maps",
    calls: [silent(result(nodes("Map, empty", 2_000_000)))],
    limits,
  },
];

eachCase("what is small on the wire is not large in the host", CASES, (seen) => {
  endsAsDocumented(seen);
  expect(seen.heldMiB).toBeLessThan(MAX_HELD_MIB);
  expect(seen.peakMiB).toBeLessThan(MAX_HELD_MIB * 1.5);
  expect(seen.longestMs).toBeLessThanOrEqual(MAX_STALL_MS);
});
