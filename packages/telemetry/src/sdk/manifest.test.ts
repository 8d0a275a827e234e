import fc from "fast-check";
import { expect, test } from "vitest";

import type { Claim, Fate, Ticket } from "../far-end.ts";
import { Manifest } from "./manifest.ts";

/** Cells that add up what they are told. */
function claims() {
  const told = { records: 0, denials: 0, fates: new Set<Fate>() };
  const claim = (): Claim => ({
    settle: (fate, records, denials) => {
      // A record stands for at least one denial, or the ledger would go negative.
      expect(denials).toBeGreaterThanOrEqual(records);
      told.records += records;
      told.denials += denials;
      told.fates.add(fate);
    },
  });
  return { told, all: [claim(), claim(), claim()] };
}

test("however a batch is split, every record and every denial is settled once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 9 })), { maxLength: 40 }),
      fc.array(fc.nat(20), { maxLength: 5 }),
      fc.nat(40),
      (tickets, rejections, cut) => {
        const { told, all } = claims();
        const manifest = new Manifest();
        const other = new Manifest();
        let denials = 0;
        let owned = 0;
        for (const [index, [who, count]] of tickets.entries()) {
          const claim = all[who];
          const ticket: Ticket | undefined = claim && { claim, denials: count };
          (index < cut ? manifest : other).add(ticket);
          if (ticket !== undefined) {
            denials += count;
            owned += 1;
          }
        }
        manifest.append(other);
        expect(manifest.records).toBe(tickets.length);
        let left = tickets.length;
        for (const rejected of rejections) {
          const taken = manifest.takeLast(rejected);
          expect(taken.records).toBe(Math.min(rejected, left));
          left -= taken.records;
          expect(manifest.records).toBe(left);
          taken.settle("refused");
        }
        manifest.settle("arrived");
        expect(told).toMatchObject({ records: owned, denials });
      },
    ),
  );
});
