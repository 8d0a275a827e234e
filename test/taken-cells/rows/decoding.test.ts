// The host decodes what a guest shaped: no form of value may hold its loop.
import { expect } from "vitest";

import {
  collidingDigits,
  collidingDoubles,
  collidingIntegers,
} from "../../hostile-values/colliding-keys.ts";
import type { Case } from "../observation.ts";
import { eachCase, endsAsDocumented, MAX_STALL_MS } from "./each-case.ts";
import { message, nodes, result, shape, silent, taken } from "./scripts.ts";

const limits = { cpu_ms: 10_000, wall_ms: 60_000 };

const EQUAL_LOW_BITS = "Array.from({ length: 9000 }, (_, i) => (BigInt(i + 1) << 64n) | 1n)";
const TOGGLING =
  "for (let i = 0; i < 9000; i++) o[i] = 0; for (let i = 20000; i < 80000; i += 1101) o[i] = o[i + 1] = 0;";
const INTEGERS = `JSON.parse("${JSON.stringify(collidingIntegers(20_000))}")`;
const DOUBLES = `JSON.parse("${JSON.stringify(collidingDoubles(15_000))}")`;
const DIGITS = `"${collidingDigits(9000).join()}".split(",").map(BigInt)`;

const GUESTS: Readonly<Record<string, string>> = {
  "a Set of BigInts with equal low 64 bits": `new Set(${EQUAL_LOW_BITS})`,
  "a Map of BigInts with equal low 64 bits": `new Map(${EQUAL_LOW_BITS}.map((n) => [n, 0]))`,
  "a Set of BigInts of 64 bits that collide": `new Set(${DIGITS})`,
  "a Set of BigInts that differ in their last digit":
    "new Set(Array.from({ length: 2500 }, (_, i) => (BigInt(i + 1) << 3136n) | 1n))",
  "a Set of negative BigInts": `new Set(${EQUAL_LOW_BITS}.map((n) => -n))`,
  "a Set of integers that collide": `new Set(${INTEGERS})`,
  "a Map of integers that collide": `new Map(${INTEGERS}.map((n) => [n, n]))`,
  "a Set of doubles that collide": `new Set(${DOUBLES})`,
  "a Set in an object in an array": `[{ a: new Set(${EQUAL_LOW_BITS}) }]`,
  "ten Sets, none of them large": `Array.from({ length: 10 }, (_, k) => new Set(${EQUAL_LOW_BITS}.slice(k * 900, k * 900 + 3000)))`,
  "an Error whose cause is such a Set": `Error("x", { cause: new Set(${EQUAL_LOW_BITS}) })`,
  "an object that changes between array and dictionary": `(() => { const o = {}; ${TOGGLING} return o })()`,
  "an array that changes between array and dictionary": `(() => { const o = []; ${TOGGLING} o[1e7] = 0; return o })()`,
};

const results = Object.entries(GUESTS).map<Case>(([name, value]) => ({
  name: `a guest's result: ${name}`,
  calls: [`var value = ${value}; value`],
  limits,
}));

const messages = Object.entries(GUESTS).map<Case>(([name, value]) => ({
  name: `a guest's message: ${name}`,
  calls: [`var value = ${value}; post(value); 1`],
  reader: "eager",
  limits,
}));

const OF_TAKEN: readonly (readonly [string, number])[] = [
  ["Set of BigInts of 50 digits that differ in the last", 2500],
  ["Set of BigInts with equal low 64 bits", 20_000],
  ["Set of BigInts of 64 bits that collide", 30_000],
  ["Set of integers that collide", 50_000],
  ["Map of integers that collide", 50_000],
  ["Set of doubles that collide", 50_000],
  ["elements that change between dense and dictionary", 20_000],
  ["array elements that change between dense and dictionary", 20_000],
  ["objects, each 10 new names", 20_000],
  ["objects, each 100 new names", 2000],
  ["objects, each 1,021 new names", 100],
  ["objects, each 190 one-letter names in another order", 1000],
  ["object, n names", 120_000],
  ["object, n doubles as keys", 90_000],
];

const taking = OF_TAKEN.flatMap<Case>(([kind, n]) => [
  { name: `a taken cell's result: ${kind}`, calls: [silent(result(shape(kind, n)))], limits },
  {
    name: `a taken cell's message: ${kind}`,
    calls: [taken(message(shape(kind, n)))],
    reader: "eager",
    limits,
  },
]);

/** V8 connects 1,536 other objects to the empty one at most; each object after them is a class of its own, and dear. */
const others = message(nodes("object, 1 own key", 2000));

const AFTER_OTHERS: readonly (readonly [string, number])[] = [
  ["objects, each 10 new names", 1000],
  ["objects, each 100 new names", 150],
  ["objects, each 1,000 new names", 4],
];

const afterOthers = AFTER_OTHERS.map<Case>(([kind, n]) => ({
  name: `a taken cell's messages: ${n} ${kind}, after objects of 2,000 other names`,
  calls: [taken(others, message(shape(kind, n)), others, message(shape(kind, n)))],
  reader: "eager",
  limits,
}));

const all = [...results, ...messages, ...taking, ...afterOthers];
eachCase("no value holds the host's loop", all, (seen) => {
  endsAsDocumented(seen);
  expect(seen.longestMs).toBeLessThanOrEqual(MAX_STALL_MS);
  expect(seen.peakMiB).toBeLessThan(100);
});
