// Keys that are indices, and fields that change what they hold: what V8 lays out for them is not in their bytes.
import { expect } from "vitest";

import { ELEMENTS, FIELDS } from "../../hostile-values/hostile-elements.ts";
import type { Case } from "../observation.ts";
import { eachCase, endsAsDocumented, MAX_STALL_MS } from "./each-case.ts";
import { message, result, shape, silent, taken } from "./scripts.ts";

const limits = { cpu_ms: 10_000, wall_ms: 60_000 };

/** What is let through, if anything is, and what is not. */
const SIZES = [3000, 20_000];

const OF_TAKEN = Object.keys({ ...ELEMENTS, ...FIELDS }).flatMap<Case>((kind) =>
  SIZES.map((n) => {
    const size = /\d+ names/.test(kind) ? n / 50 : n;
    return {
      name: `a taken cell's result: ${kind}, n = ${size}`,
      calls: [silent(result(shape(kind, size)))],
      limits,
    };
  }),
);

const FAR =
  "for (let i = 0; i < n; i++) o[i] = 0; for (let i = 2 * n + 2000; i < 9 * n; i += 1100) o[i] = 0;";

/** An object whose elements V8 keeps in a table: small in the guest, whatever its keys are. */
const SMALL = "(() => { const o = {}; o[1e6] = 0; o[1000] = 0; delete o[1e6]; return o })()";

const GUESTS: Readonly<Record<string, string>> = {
  "an object of far keys, 10,000": `(() => { const n = 10000, o = {}; ${FAR} return o })()`,
  "an object of far keys, 20,000": `(() => { const n = 20000, o = {}; ${FAR} return o })()`,
  "an array of far keys, 20,000": `(() => { const n = 20000, o = []; ${FAR} o[1e7] = 0; return o })()`,
  "an array of far keys in a Map, 20,000": `(() => { const n = 20000, o = {}; ${FAR} return new Map([[1, o]]) })()`,
  "20,000 objects of the key 1,000": `Array.from({ length: 20000 }, () => ${SMALL})`,
  "40,000 objects of the key 1,000": `Array.from({ length: 40000 }, () => ${SMALL})`,
  "20,000 objects of the key 300": `Array.from({ length: 20000 }, () => ${SMALL.replace("1000", "300")})`,
  "a Set of 20,000 objects of the key 1,000": `new Set(Array.from({ length: 20000 }, () => ${SMALL}))`,
};

const guests = Object.entries(GUESTS).flatMap<Case>(([name, value]) => [
  { name: `a guest's result: ${name}`, calls: [`var value = ${value}; value`], limits },
  {
    name: `a guest's message: ${name}`,
    calls: [`var value = ${value}; try { post(value) } catch {} 1`],
    reader: "eager",
    limits,
  },
]);

eachCase(
  "what V8 lays out is counted before it does",
  [...guests, ...OF_TAKEN, ...messages()],
  (seen) => {
    endsAsDocumented(seen);
    expect(seen.longestMs).toBeLessThanOrEqual(MAX_STALL_MS);
    expect(seen.peakMiB).toBeLessThan(60);
  },
);

function messages(): readonly Case[] {
  return Object.keys(ELEMENTS).map((kind) => ({
    name: `a taken cell's message: ${kind}`,
    calls: [taken(message(shape(kind, 20_000)))],
    reader: "eager",
    limits,
  }));
}
