import fc from "fast-check";
import { expect, test } from "vitest";

import { arbPath, arbPathPattern } from "../testing/arbitraries.ts";
import { PathIndex } from "./path-index.ts";
import { PATH_PATTERN, pathMistake } from "./path-pattern.ts";

/** The matcher of one pattern by itself. */
function compilePath(pattern: string): (path: string) => boolean {
  const index = new PathIndex();
  index.add(pattern, 0);
  return (path) => index.least(path, 1) === 0;
}

/** What the words in the README mean, written down without a thought for time. */
function obviously(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...others] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === "**")
    return obviously(others, path) || (path.length > 0 && obviously(pattern, path.slice(1)));
  const [segment, ...rest] = path;
  return segment !== undefined && within(first, segment) && obviously(others, rest);
}

function within(pattern: string, segment: string): boolean {
  if (pattern === "") return segment === "";
  if (pattern.startsWith("*"))
    return (
      within(pattern.slice(1), segment) || (segment !== "" && within(pattern, segment.slice(1)))
    );
  return segment.startsWith(pattern[0] ?? "") && within(pattern.slice(1), segment.slice(1));
}

const segments = (text: string): string[] => text.split("/").filter((part) => part !== "");

test("the matcher says what an obviously correct one says", () => {
  fc.assert(
    fc.property(arbPathPattern, arbPath, (pattern, path) => {
      expect(compilePath(pattern)(path)).toBe(obviously(segments(pattern), segments(path)));
    }),
    { numRuns: 3000 },
  );
});

test("so it does for segments of many stars", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8, minLength: 1 });
  const starred = fc
    .string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8, minLength: 1 })
    .map((text) => text.replace(/\*+/g, "*"));
  fc.assert(
    fc.property(starred, word, (pattern, name) => {
      expect(compilePath(`/x/${pattern}`)(`/x/${name}`)).toBe(within(pattern, name));
    }),
    { numRuns: 3000 },
  );
});

test("a pattern that begins with ** means the same with a slash before it", () => {
  fc.assert(
    fc.property(arbPathPattern, arbPath, (pattern, path) => {
      expect(compilePath(`**${pattern}`)(path)).toBe(compilePath(`/**${pattern}`)(path));
    }),
  );
});

test("every pattern that is refused is explained, and no other", () => {
  const unit = fc.constantFrom(
    "/",
    "*",
    ".",
    "a",
    "?",
    "[",
    "\\",
    " ",
    "\0",
    "\u202e",
    "é",
    "👍",
    "…",
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), (pattern) => {
      expect(pathMistake(pattern) === undefined).toBe(PATH_PATTERN.test(pattern));
    }),
    { numRuns: 5000 },
  );
});

test("matching and checking stay fast for hostile patterns and paths", () => {
  const cases: [string, string][] = [
    [`/${"*a".repeat(2000)}`, `/${"a".repeat(4000)}b`],
    [`${"/**/a".repeat(800)}/b`, "/a".repeat(2047)],
    [`/**${"/a".repeat(1000)}/b`, "/a".repeat(2047)],
    [`/**/${"*a".repeat(1000)}b`, `/${"a".repeat(2000)}/${"a".repeat(2000)}`],
  ];
  const start = performance.now();
  for (const [pattern, path] of cases) {
    expect(pathMistake(pattern)).toBeUndefined();
    expect(compilePath(pattern)(path)).toBe(false);
  }
  for (const text of [
    `/${"a".repeat(4000)}?`,
    `/${"a*".repeat(2000)}?`,
    `${"/**".repeat(1300)}?`,
  ]) {
    expect(PATH_PATTERN.test(text)).toBe(false);
  }
  expect(performance.now() - start).toBeLessThan(1000);
});
