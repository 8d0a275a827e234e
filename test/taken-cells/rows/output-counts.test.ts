// Cell and host count output alike: a guest within its limit is never ended for it, and empty lines are not free.
import { expect } from "vitest";

import type { Case } from "../observation.ts";
import { eachCase } from "./each-case.ts";

const limits = { output_bytes: 10_000, cpu_ms: 10_000, wall_ms: 60_000 };

/** A guest that goes on where it is refused, and is alive after it. */
function guest(name: string, program: string): Case {
  return { name, calls: [`${program}; 1`, "6 * 7"], limits };
}

const repeat = (times: number, what: string): string =>
  `for (let i = 0; i < ${times}; i++) try { ${what} } catch {}`;

const CASES: readonly Case[] = [
  guest("6,000 lines of one letter", repeat(6000, 'console.log("a")')),
  guest("6,000 lines at another level", repeat(6000, 'console.error("b")')),
  guest("20,000 empty lines", repeat(20_000, "console.log()")),
  guest("5,000 lines of a line break", repeat(5000, 'console.log("\\n")')),
  guest("lines of what JSON escapes", repeat(100, 'console.log("\\u0001".repeat(99))')),
  guest("lines of quotation marks", repeat(100, `console.log('"'.repeat(99))`)),
  guest("lines of letters of three bytes", repeat(1000, 'console.log("\u4e2d")')),
  guest("lines of half a pair", repeat(1000, 'console.log("\\ud800")')),
  guest("5,000 messages of one digit", repeat(5000, "post(1)")),
  guest("5,000 messages of nothing", repeat(5000, "post()")),
  guest("messages and lines by turns", repeat(4000, 'post(1); console.log("a")')),
  guest("lines of many arguments", repeat(3000, 'console.log("a", 1)')),
  {
    name: "lines of one letter, call after call",
    calls: [`${repeat(900, 'console.log("a")')}; 1`],
    times: 12,
    limits,
  },
  {
    name: "lines that a timer writes after its call",
    calls: [
      `setTimeout(() => { ${repeat(6000, 'console.log("a")')} }, 1); 1`,
      "new Promise((done) => setTimeout(done, 300))",
    ],
    limits,
  },
];

eachCase("output is counted once, alike on both sides", CASES, (seen) => {
  expect(seen.closed, "the cell lives").toBe(false);
  // The first call's own result may be what no longer fits; the next one's does.
  expect(seen.outcomes["value"]).toBeGreaterThan(0);
  for (const outcome of Object.keys(seen.outcomes))
    expect(outcome).toMatch(/^(?:value|PolicyError limit\.output)$/);
  expect(Object.keys(seen.denials).filter((rule) => rule !== "limit.output")).toEqual([]);
});

eachCase(
  "empty output has its price",
  [
    guest("a million empty lines", repeat(1_000_000, "console.log()")),
    guest("a million lines of nothing", repeat(1_000_000, 'console.info("")')),
  ],
  (seen) => {
    expect(seen.lines).toBeLessThanOrEqual(10_000);
    expect(seen.denials).toHaveProperty("limit.output");
  },
);
