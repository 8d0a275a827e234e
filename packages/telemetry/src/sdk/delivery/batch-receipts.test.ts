import fc from "fast-check";
import { expect, test } from "vitest";

import {
  DeliveryReceipt,
  type DeliveryOutcome,
  type ReceiptOwner,
} from "../../ledger/delivery-receipt.ts";
import { BatchReceipts } from "./batch-receipts.ts";

/** Owners that add up what is settled. */
function owners() {
  const told = { records: 0, denials: 0, outcomes: new Set<DeliveryOutcome>() };
  const owner = (): ReceiptOwner => ({
    settle: (outcome, records, denials) => {
      // A record stands for at least one denial, or the ledger would go negative.
      expect(denials).toBeGreaterThanOrEqual(records);
      told.records += records;
      told.denials += denials;
      told.outcomes.add(outcome);
    },
  });
  return { told, all: [owner(), owner(), owner()] };
}

test("however a batch is split, every record and every denial is settled once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 9 })), { maxLength: 40 }),
      fc.array(fc.nat(20), { maxLength: 5 }),
      fc.nat(40),
      (given, rejections, cut) => {
        const { told, all } = owners();
        const receipts = new BatchReceipts();
        const other = new BatchReceipts();
        let denials = 0;
        let owned = 0;
        for (const [index, [who, count]] of given.entries()) {
          const owner = all[who];
          const receipt: DeliveryReceipt | undefined = owner && new DeliveryReceipt(owner, count);
          (index < cut ? receipts : other).add(receipt);
          if (receipt !== undefined) {
            denials += count;
            owned += 1;
          }
        }
        receipts.append(other);
        expect(receipts.records).toBe(given.length);
        let left = given.length;
        for (const rejected of rejections) {
          const taken = receipts.takeLast(rejected);
          expect(taken.records).toBe(Math.min(rejected, left));
          left -= taken.records;
          expect(receipts.records).toBe(left);
          taken.settle("refused");
        }
        receipts.settle("arrived");
        expect(told).toMatchObject({ records: owned, denials });
      },
    ),
  );
});

test("a batch that is split keeps the order, and each record its own denials", () => {
  const settled: (readonly [DeliveryOutcome, number, number])[] = [];
  const owner: ReceiptOwner = {
    settle: (outcome, records, denials) => settled.push([outcome, records, denials]),
  };
  const receipts = new BatchReceipts();
  for (const denials of [1, 1, 1000, 1]) receipts.add(new DeliveryReceipt(owner, denials));
  receipts.takeFirst(2).settle("arrived");
  receipts.takeFirst(1).settle("refused");
  receipts.takeFirst(9).settle("arrived");
  expect(receipts.records).toBe(0);
  expect(settled).toEqual([
    ["arrived", 2, 2],
    ["refused", 1, 1000],
    ["arrived", 1, 1],
  ]);
});
