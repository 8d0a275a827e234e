import fc from "fast-check";
import { expect, test } from "vitest";

import { cleanText, isCleanText } from "./clean-text.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      "a",
      "\\",
      "…",
      "\n",
      "\0",
      "\u001b",
      "\u202e",
      "\u200b",
      "\ud83d",
      "\ude00",
      "👍",
      "u{a}",
      "\u00a0",
      "\u3164",
      "{",
      "}",
    ),
  }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
);

/** Reads clean text back, to show that nothing was lost. */
function original(clean: string): string {
  return clean.replace(/\\(?:\\|u\{([0-9a-f]+)\})/g, (_, hex: string | undefined) =>
    hex === undefined ? "\\" : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

test("any text becomes bounded text without a hostile character", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, max) => {
      const clean = cleanText(text, max);
      expect(clean.length).toBeLessThanOrEqual(max);
      expect(clean.isWellFormed()).toBe(true);
      expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}\u00a0\u3164]/u);
      expect(isCleanText(clean, max)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("text that was not cut can be read back, so no two texts become one", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(original(cleanText(text, 1_000_000))).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test("a cut is marked, keeps the start, and splits no character and no escape", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 20 }), (text, max) => {
      const clean = cleanText(text, max);
      const whole = cleanText(text, 1_000_000);
      if (clean === whole) return;
      expect(clean.endsWith("…")).toBe(true);
      expect(text.startsWith(original(clean.slice(0, -1)))).toBe(true);
      expect(whole.startsWith(clean.slice(0, -1))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("only what cleanText makes counts as clean", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const body = text.endsWith("…") ? text.slice(0, -1) : text;
      expect(isCleanText(text, 1000)).toBe(cleanText(original(body), 1000) === body);
    }),
    { numRuns: 2000 },
  );
  for (const unclean of [
    "a\\",
    "\\u{61}",
    "\\u{A}",
    "\\u{0a}",
    "\\u{ffffff}",
    "……",
    "a…b",
    "\\u{d83d}\\u{de00}",
    "x".repeat(11),
  ]) {
    expect(isCleanText(unclean, 10), unclean).toBe(false);
  }
});

test("a 100 MB string costs no more than a short one, and is not kept alive by its start", () => {
  const start = process.cpuUsage();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 20 }, (_, index) =>
    cleanText(`${index}`.repeat(10_000_000).slice(1), 100),
  );
  expect(kept.every((text) => text.length === 100)).toBe(true);
  expect(cleanText("x".repeat(100_000_000), 1024)).toHaveLength(1024);
  // CPU time: the clock also runs while other work has the processors.
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(5000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(400_000_000);
});
