import fc from "fast-check";
import { expect, test } from "vitest";

import type { ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { sumOf } from "../testing/sdk-double.ts";
import { BoundedCells } from "./bounded-cells.ts";

const unsettled = { settle: () => {} };

test("a name is one cell", () => {
  const cells = new BoundedCells(10, unsettled);
  expect(cells.find("a")).toBe(cells.find("a"));
  expect(cells.find("a")).not.toBe(cells.find("b"));
});

test("past the budget cells share _other", () => {
  const cells = new BoundedCells(3, unsettled);
  for (const name of ["a", "b", "c", "d"]) cells.find(name);
  expect(cells.size).toBe(3);
  expect(cells.find("c").series).toBe(cells.other.series);
  expect(cells.find("d")).toBe(cells.other);
  expect(cells.other.series.attributes).toEqual({ "pyisolate.cell": "_other" });
});

test("a closed cell makes room for another's ledger, and its series stays its own", () => {
  const cells = new BoundedCells(2, unsettled);
  const a = cells.find("a");
  a.ledger.deny();
  a.ledger.emit(1, 1);
  cells.find("b");
  cells.close(a);
  const c = cells.find("c");
  expect(c).not.toBe(cells.other);
  expect(cells.other.ledger.read()).toMatchObject({ denied: 1, emitted: 1 });
  expect(cells.ledger("a")?.denied).toBe(1);
  cells.close(c);
  expect(cells.find("a").series).toBe(a.series);
});

test("an evicted cell's records settle in the ledger that took over its own", () => {
  const outcomes: unknown[] = [];
  const cells = new BoundedCells(1, {
    settle: (cell, ...args) => outcomes.push([cell.name, ...args]),
  });
  const a = cells.find("a");
  a.ledger.deny();
  cells.close(a);
  const b = cells.find("b");
  expect(b).not.toBe(cells.other);
  expect(a.ledger).toBe(cells.other.ledger);
  expect(cells.other.ledger.pending).toBe(1);
  a.settle("refused", 1, 1);
  expect(outcomes).toEqual([["a", "refused", 1, 1]]);
});

test("a closed cell that is still to be reported keeps its ledger", () => {
  const cells = new BoundedCells(1, unsettled);
  const a = cells.find("a");
  a.queue.closing = 1;
  cells.close(a);
  expect(cells.find("b")).toBe(cells.other);
  expect(cells.find("a")).toBe(a);
});

test("a name that is used again is open again", () => {
  const cells = new BoundedCells(1, unsettled);
  const a = cells.find("a");
  cells.close(a);
  cells.reopen(a);
  expect(cells.find("b")).toBe(cells.other);
});

test.each([undefined, "", 7, "x".repeat(257)])("%s is not a name", (name) => {
  expect(() => new BoundedCells(10, unsettled).find(name as string)).toThrow(TypeError);
});

test("any churn of cells stays in the budget, and loses no count that is settled late", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 20 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.boolean(), fc.boolean()), {
        maxLength: 300,
      }),
      (max, churn) => {
        const cells = new BoundedCells(max, {
          settle: (cell, _outcome, records, denials) => {
            cell.ledger.emit(records, denials);
          },
        });
        const seen = new Set<unknown>();
        const late: ReceiptOwner[] = [];
        for (const [name, closes, arrives] of churn) {
          const cell = cells.find(`cell-${name}`);
          cell.ledger.deny();
          if (arrives) cell.settle("arrived", 1, 1);
          else late.push(cell);
          seen.add(cell.series);
          if (closes) cells.close(cell);
        }
        expect(seen.size).toBeLessThanOrEqual(max);
        expect(cells.size).toBeLessThanOrEqual(max);
        // Every ledger is its own or has been absorbed: their sums are exact.
        const ledgers = new Set([cells.other.ledger]);
        for (let name = 0; name <= 100; name++) {
          const ledger = cells.ledger(`cell-${name}`);
          if (ledger !== undefined) ledgers.add(ledger);
        }
        const sums = () => ({
          denied: sumOf([...ledgers].map(({ denied }) => denied)),
          emitted: sumOf([...ledgers].map(({ emitted }) => emitted)),
          pending: sumOf([...ledgers].map(({ pending }) => pending)),
        });
        const denied = churn.length;
        expect(sums()).toEqual({ denied, emitted: denied - late.length, pending: late.length });
        for (const owner of late) owner.settle("arrived", 1, 1);
        expect(sums()).toEqual({ denied, emitted: denied, pending: 0 });
      },
    ),
  );
});

test("closed cells that are still to be reported hold up neither a new name nor another cell's room", () => {
  const cells = new BoundedCells(100, unsettled);
  let looks = 0;
  for (let n = 0; n < 100; n++) {
    const cell = cells.find(`c${n}`);
    cells.close(cell);
    if (n === 99) continue;
    Object.defineProperty(cell.queue, "closing", {
      get: () => {
        looks += 1;
        return 1;
      },
    });
  }
  for (let n = 0; n < 10; n++) cells.find(`new${n}`);
  expect(looks).toBeLessThanOrEqual(80);
  for (let n = 10; cells.find(`new${n}`) === cells.other; n++) expect(n).toBeLessThan(20);
});
