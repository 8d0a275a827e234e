import { type CellTotals, cleanText, denialEvent, type DenialEvent } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import fc from "fast-check";
import { expect, test } from "vitest";

import { policyOf, rejectionOf } from "../testing/cells.ts";
import { cellName } from "./cell-name.ts";

const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const name = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      "a",
      "\n",
      "\u202e",
      "\ud800",
      "\udfff",
      "\\",
      "…",
      "\u001b",
      "\u2028",
      "😀",
    ),
    minLength: 1,
    maxLength: 40,
  }),
);

/** The name, or what it is refused with. */
function taken(given: string): string | TypeError {
  try {
    return cellName(given);
  } catch (error) {
    return error as TypeError;
  }
}

test("a name is clean, is the one that the events have, and is refused where it would be cut", () => {
  fc.assert(
    fc.property(name, (given) => {
      const { cell } = denialEvent({ cell: given, capability: "random", operation: "read" });
      const isCut = cell.endsWith("…");
      const clean = taken(given);
      const text = clean instanceof TypeError ? clean.message : clean;
      expect(clean instanceof TypeError).toBe(isCut);
      expect(isCut || text === cell).toBe(true);
      expect(text).not.toMatch(HOSTILE);
      expect(text.length).toBeLessThanOrEqual(isCut ? 250 : 128);
    }),
    { numRuns: 1000 },
  );
});

test("two names are never one", () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      fc.pre(one !== other && typeof taken(one) === "string");
      expect(taken(one)).not.toBe(taken(other));
    }),
    { numRuns: 1000 },
  );
  expect(taken("a\n")).not.toBe(taken(String.raw`a\u{a}`));
});

test.each([
  ["", 'got ""'],
  ["x".repeat(129), 'got "xxx'],
  ["x".repeat(100_000_000), 'got "xxx'],
  ["\n".repeat(30), String.raw`got "\u{a}`],
  [7, "got 7"],
  [undefined, "got undefined"],
  [Promise.resolve("guest"), "got a promise; await it first"],
])("a name that is not valid is refused: case %#", (given, message) => {
  expect(() => cellName(given)).toThrow(TypeError);
  expect(() => cellName(given)).toThrow(message);
});

test.each(["DOMAIN\\user", "Ünïcode ❤️", "a\nb", "\u202egnp.exe", "\ud800", "\u001b[2J"])(
  "a cell called %j has one clean name, in its events, its end and its errors",
  async (given) => {
    const clean = cleanText(given, 128);
    const events: DenialEvent[] = [];
    const ends: CellTotals[] = [];
    const denials = {
      record: (event: DenialEvent) => void events.push(event),
      closed: (totals: CellTotals) => void ends.push(totals),
    };
    await using supervisor = new Supervisor({ policy: policyOf([]), denials, pool: 0 });
    await using cell = await supervisor.spawn(given);
    expect(cell.name).toBe(clean);
    const refused = await rejectionOf(cell.exec("Math.random()"));
    expect(refused.message).toContain(`denied to ${clean} by default`);
    await cell.close();
    const late = await rejectionOf(cell.exec("1"));
    expect(late.message).toContain(`The cell "${clean}" has ended`);
    expect(events.map((event) => event.cell)).toEqual([clean]);
    expect(ends.map((end) => end.cell)).toEqual([clean]);
    for (const text of [
      refused.message,
      late.message,
      JSON.stringify(events),
      JSON.stringify(ends),
    ])
      expect(text).not.toMatch(HOSTILE);
  },
);
