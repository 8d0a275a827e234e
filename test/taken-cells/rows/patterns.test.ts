// Decoding a RegExp compiles it: patterns do not travel.
import { expect } from "vitest";

import type { Case } from "../observation.ts";
import { eachCase, endsAsDocumented, MAX_STALL_MS } from "./each-case.ts";
import { message, nodes, result, shape, silent, taken } from "./scripts.ts";

const EMOJI = String.raw`new RegExp("\\p{RGI_Emoji}".repeat(60), "v")`;

const GUESTS: Readonly<Record<string, string>> = {
  "one of emoji": EMOJI,
  "one of emoji, with flags": EMOJI.replace('"v"', '"gdv"'),
  "one of sequences": EMOJI.replaceAll("RGI_Emoji", "RGI_Emoji_ZWJ_Sequence"),
  "one of differences": String.raw`new RegExp("[\\p{RGI_Emoji}--\\p{ASCII}]".repeat(60), "v")`,
  "one that is not compiled by the guest": `(() => { const r = ${EMOJI.replace("60", "50")}; return r })()`,
  "ten of them": `Array.from({ length: 10 }, (_, i) => new RegExp("\\\\p{RGI_Emoji}".repeat(5 + i), "v"))`,
  "one in a Map's key": `new Map([[${EMOJI}, 0]])`,
  "one as an Error's cause": `Error("x", { cause: ${EMOJI} })`,
  "one in a Set": `new Set([${EMOJI}])`,
  "one of letters without case": String.raw`new RegExp("\\p{L}".repeat(3000), "iu")`,
  "one of classes without case": String.raw`new RegExp("[^\\p{Lu}\\p{Ll}]".repeat(800), "iv")`,
};

const guests = Object.entries(GUESTS).flatMap<Case>(([name, value]) => [
  { name: `a guest's result: ${name}`, calls: [`var value = ${value}; value`] },
  {
    name: `a guest's message: ${name}`,
    calls: [`try { post(${value}) } catch {} 1`],
    reader: "eager",
  },
]);

const TAKEN: readonly Case[] = [
  {
    name: "a taken cell's result: emoji, 13 KB",
    calls: [silent(result(shape("RegExp \\p{RGI_Emoji} n times, flag v", 1000)))],
  },
  {
    name: "a taken cell's message: emoji, 13 KB",
    calls: [taken(message(shape("RegExp \\p{RGI_Emoji} n times, flag v", 1000)))],
    reader: "eager",
  },
  {
    name: "a taken cell's message without a reader: emoji, 13 KB",
    calls: [taken(message(shape("RegExp \\p{RGI_Emoji} n times, flag v", 1000)))],
  },
  {
    name: "a taken cell's result: 100,000 short patterns",
    calls: [silent(result(nodes("RegExp of one character", 100_000)))],
  },
  {
    name: "a taken cell's result: letters without case",
    calls: [silent(result(shape("RegExp \\p{L} n times, flags iu", 10_000)))],
  },
];

eachCase("no pattern is compiled by the host", [...guests, ...TAKEN], (seen) => {
  endsAsDocumented(seen);
  expect(seen.longestMs).toBeLessThanOrEqual(MAX_STALL_MS);
});
