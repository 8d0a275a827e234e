import { cleanText, DenialEvent, denialEvent, isCleanText, type Policy } from "@pyisolate/policy";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Characters that end a line, move a cursor, hide or reorder text, and lone surrogates. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const hostile = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(
      "a",
      "\n",
      "\u202e",
      "\u2066",
      "\ud800",
      "\\",
      "…",
      "\u001b[2J",
      "\u2028",
      "😀",
    ),
    minLength: 1,
    maxLength: 150,
  }),
);

/** Names that do not read like clean ones: the recorder takes such for what they seem, since it cannot know. */
const name = hostile.filter((text) => cleanText(text, 128) === text || !isCleanText(text, 128));

/** Every text in a value, keys included. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => [key, ...textsIn(part)]);
}

function mustBeClean(texts: Iterable<string>): void {
  for (const text of texts) {
    expect(text).not.toMatch(HOSTILE);
    expect(text.length).toBeLessThan(2500);
  }
}

test("a cell has one clean name in every record and label, also with events made by hand", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, {
        minLength: 1,
        maxLength: 4,
        selector: (name) => cleanText(name, 128),
      }),
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      async (names, byHand, times) => {
        const { meterProvider, loggerProvider, cumulative, records } = realSdk();
        await using denials = createDenialRecorder({ meterProvider, loggerProvider });
        const made = (cell: string): DenialEvent =>
          byHand ? new DenialEvent({ ...aDenial(), cell }) : aDenial({ cell });
        for (const cell of names) {
          for (let time = 0; time < times; time++) denials.record(made(cell));
          // A guard of the service's own knows the name as it wrote it.
          denials.closed({ cell, denials: times, allowed: 0, cause: "closed" });
        }
        await denials.flush();

        const told = await records();
        for (const { body, attributes } of told) mustBeClean(textsIn({ body, attributes }));
        const all = await cumulative.all();
        for (const points of all.values()) mustBeClean(points.keys());

        const clean = names.map((name) => cleanText(name, 128));
        expect([...(all.get("pyisolate.denials")?.keys() ?? [])].toSorted()).toEqual(
          clean.toSorted(),
        );
        const ends = told.filter(({ eventName }) => eventName === "pyisolate.cell.closed");
        expect(
          ends.map(({ attributes }) => [
            attributes["pyisolate.cell"],
            attributes["pyisolate.ledger.denied"],
          ]),
        ).toEqual(clean.map((name) => [name, times]));
        for (const [index, name] of names.entries()) {
          expect(denials.ledger(name).denied).toBe(times);
          expect(denials.ledger(clean[index]).denied).toBe(times);
        }
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);

test("nor does anything else that an event made by hand names stand raw in a record or label", async () => {
  const warnings: unknown[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(warning));
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (text, other) => {
      const { meterProvider, loggerProvider, cumulative, records } = realSdk();
      await using denials = createDenialRecorder({ meterProvider, loggerProvider, maxSeries: 2 });
      denials.policyLoaded({
        name: text,
        hash: other,
        rules: [],
        capabilities: {},
      } as unknown as Policy);
      const fields = { ...denialEvent({ cell: "a", capability: "random", operation: "read" }) };
      denials.record(
        new DenialEvent({
          ...fields,
          cell: other,
          id: text,
          operation: text,
          target: other,
          policyRule: text,
          kernelEvidence: text as "audit",
          nearestRule: { id: text, lacked: other as "scope" },
          policyName: text,
          policyHash: text,
        }),
      );
      denials.closed({ cell: other, denials: 1, allowed: 0, cause: text as "closed" });
      await denials.flush();
      const told = await records();
      expect(told).toHaveLength(3);
      for (const { body, attributes } of told) mustBeClean(textsIn({ body, attributes }));
      for (const points of (await cumulative.all()).values()) mustBeClean(points.keys());
    }),
    { numRuns: 100 },
  );
  expect(warnings).not.toEqual([]);
  mustBeClean(warnings.map((warning) => (warning as Error).message));
}, 60_000);
