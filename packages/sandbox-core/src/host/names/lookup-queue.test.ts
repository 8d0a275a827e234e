import { AsyncLocalStorage } from "node:async_hooks";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { rejectionOf } from "../../testing/cells.ts";
import { CellLookups, type Lookup, LookupQueue } from "./lookup-queue.ts";

/** A host's own resolver whose answers come when the test says so. */
class ByHand {
  /** What is under way, by name; a name is looked up once. */
  readonly open = new Map<
    string,
    PromiseWithResolvers<readonly string[]> & { signal: AbortSignal }
  >();
  most = 0;

  readonly lookup: Lookup = async (hostname, options) => {
    const answer = Promise.withResolvers<readonly string[]>();
    const signal = options?.signal ?? AbortSignal.abort();
    this.open.set(hostname, { ...answer, signal });
    this.most = Math.max(this.most, this.open.size);
    return await answer.promise.finally(() => this.open.delete(hostname));
  };

  answer(hostname: string): void {
    this.open.get(hostname)?.resolve(["192.0.2.1"]);
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

function asking(cells: number, names: number, lookup: Lookup, queue = new LookupQueue()) {
  return Array.from({ length: cells }, (_, cell) => {
    const lookups = new CellLookups(lookup, queue);
    const answers = Array.from(
      { length: names },
      async (_name, at) => await lookups.find(`${cell}-${at}`),
    );
    for (const answer of answers) answer.catch(() => undefined);
    return { lookups, answers };
  });
}

const cellOf = (name: string): string => name.split("-")[0] ?? "";

describe("turns", () => {
  test("one cell has four look-ups at a time, in the order in which it asked", async () => {
    const byHand = new ByHand();
    asking(1, 6, byHand.lookup);
    await settled();
    expect([...byHand.open.keys()]).toEqual(["0-0", "0-1", "0-2", "0-3"]);
    byHand.answer("0-2");
    await settled();
    expect([...byHand.open.keys()]).toEqual(["0-0", "0-1", "0-3", "0-4"]);
  });

  test("a cell that comes late does not wait for those that ask for much", async () => {
    const byHand = new ByHand();
    const queue = new LookupQueue();
    asking(20, 200, byHand.lookup, queue);
    await settled();
    const late = new CellLookups(byHand.lookup, queue).find("late-0");
    await settled();
    expect([...byHand.open.keys()]).toContain("late-0");
    byHand.answer("late-0");
    expect(await late).toEqual(["192.0.2.1"]);
  });

  test("where all places are taken the next is of the cell that waits longest", async () => {
    const byHand = new ByHand();
    asking(70, 3, byHand.lookup);
    await settled();
    expect(byHand.open.size).toBe(64);
    // While half of the places were free, ten cells got three each and one got two. Then 32 cells got one each; the last 27 have none.
    const none = Array.from({ length: 27 }, (_, at) => String(43 + at));
    const order: string[] = [];
    for (let at = 0; at < 36; at++) {
      const before = new Set(byHand.open.keys());
      byHand.answer([...before][0] ?? "");
      await settled();
      order.push(...[...byHand.open.keys()].filter((name) => !before.has(name)).map(cellOf));
    }
    // Those 27 come first. Then come cells whose only look-up was answered, so that they have none again.
    expect(order).toEqual([...none, "10", "11", "12", "13", "14"]);
  });

  test("whatever is asked, answered and ended: no bound is passed, and no name is left waiting", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 12 })), { maxLength: 60 }),
        fc.infiniteStream(fc.nat({ max: 9 })),
        async (asks, chances) => {
          const byHand = new ByHand();
          const queue = new LookupQueue();
          const cells = new Map<number, CellLookups>();
          const answers: Promise<unknown>[] = [];
          let name = 0;
          const mostOfCell = new Map<string, number>();
          const look = async (): Promise<void> => {
            await settled();
            const now = Map.groupBy(byHand.open.keys(), cellOf);
            for (const [cell, names] of now)
              mostOfCell.set(cell, Math.max(names.length, mostOfCell.get(cell) ?? 0));
          };
          for (const [cell, names] of asks) {
            const lookups = cells.get(cell) ?? new CellLookups(byHand.lookup, queue);
            cells.set(cell, lookups);
            for (let at = 0; at < names; at++)
              answers.push(lookups.find(`${cell}-${name++}`).catch(() => "failed"));
            await look();
            const chance = Number(chances.next().value);
            if (chance === 0) lookups.end();
            else if (chance < 6) byHand.answer([...byHand.open.keys()][0] ?? "");
          }
          for (let left = 0; byHand.open.size > 0; left++) {
            expect(left).toBeLessThan(1000);
            byHand.answer([...byHand.open.keys()][0] ?? "");
            await look();
          }
          expect(await Promise.all(answers)).toHaveLength(name);
          expect(byHand.most).toBeLessThanOrEqual(64);
          expect(Math.max(0, ...mostOfCell.values())).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("a cell's end", () => {
  test("drops what waits, at once, and tells what is under way to end", async () => {
    const byHand = new ByHand();
    const [cell] = asking(1, 100, byHand.lookup);
    await settled();
    const signals = [...byHand.open.values()].map(({ signal }) => signal);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, false]);
    cell?.lookups.end();
    const codes = await Promise.all(
      (cell?.answers ?? []).map(async (answer) => (await rejectionOf(answer))["code"]),
    );
    expect(codes).toEqual(Array(100).fill("ECANCELLED"));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true]);
    await settled();
    expect(byHand.open.size).toBe(4);
    expect(await rejectionOf(cell?.lookups.find("more") ?? Promise.resolve())).toMatchObject({
      code: "ECANCELLED",
    });
  });

  test("in the moment of its turn looks nothing up, and keeps no place", async () => {
    const byHand = new ByHand();
    const queue = new LookupQueue();
    for (let at = 0; at < 200; at++) {
      const lookups = new CellLookups(byHand.lookup, queue);
      const answer = rejectionOf(lookups.find("name"));
      lookups.end();
      expect(await answer).toMatchObject({ code: "ECANCELLED" });
    }
    expect(byHand.open.size).toBe(0);
    const other = new CellLookups(byHand.lookup, queue).find("other");
    await settled();
    byHand.answer("other");
    expect(await other).toEqual(["192.0.2.1"]);
  });
});

describe("a host's own resolver that never answers, and heeds no signal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("keeps four places of the cell that asked it, for 10 s, and none for ever", async () => {
    const byHand = new ByHand();
    const queue = new LookupQueue();
    const [hung] = asking(1, 6, byHand.lookup, queue);
    const first = rejectionOf(hung?.answers[0] ?? Promise.resolve());
    await vi.advanceTimersByTimeAsync(9000);
    expect(byHand.open.size).toBe(4);
    const other = new CellLookups(byHand.lookup, queue).find("other");
    await settled();
    byHand.answer("other");
    expect(await other).toEqual(["192.0.2.1"]);
    await vi.advanceTimersByTimeAsync(1001);
    expect(await first).toMatchObject({ code: "ETIMEOUT" });
    expect([...byHand.open.keys()]).toContain("0-5");
  });

  test("keeps its place over the cell's end: new cells get no more of the host than old ones", async () => {
    const byHand = new ByHand();
    const queue = new LookupQueue();
    for (let at = 0; at < 100; at++) {
      const lookups = new CellLookups(byHand.lookup, queue);
      for (let name = 0; name < 4; name++) lookups.find(`${at}-${name}`).catch(() => undefined);
      await settled();
      lookups.end();
      await settled();
    }
    expect(byHand.most).toBeLessThanOrEqual(64);
    await vi.advanceTimersByTimeAsync(10_001);
    const after = new CellLookups(byHand.lookup, queue).find("after");
    await settled();
    byHand.answer("after");
    expect(await after).toEqual(["192.0.2.1"]);
  });
});

test("the 1025th answer that one cell waits for fails at once, and no other does", async () => {
  const byHand = new ByHand();
  const [cell] = asking(1, 1025, byHand.lookup);
  expect(await rejectionOf(cell?.answers.at(-1) ?? Promise.resolve())).toMatchObject({
    code: "EAI_AGAIN",
  });
  for (let at = 0; at < 1024; at++) {
    await settled();
    byHand.answer(`0-${at}`);
  }
  expect(await Promise.all(cell?.answers.slice(0, -1) ?? [])).toHaveLength(1024);
});

test("a name that is asked for while it is looked up is looked up once, and again later", async () => {
  let lookups = 0;
  const cell = new CellLookups(async () => {
    lookups += 1;
    await new Promise(setImmediate);
    return [`192.0.2.${lookups}`];
  }, new LookupQueue());
  const answers = Array.from({ length: 500 }, async () => await cell.find("name"));
  expect(new Set((await Promise.all(answers)).flat())).toEqual(new Set(["192.0.2.1"]));
  expect(await cell.find("name")).toEqual(["192.0.2.2"]);
});

test("a look-up runs in the async context of who asked for it, and not of whose end let it begin", async () => {
  const context = new AsyncLocalStorage<number>();
  const seen: unknown[] = [];
  const lookups = new CellLookups(async (hostname) => {
    seen.push([hostname, context.getStore()]);
    await new Promise(setImmediate);
    return [];
  }, new LookupQueue());
  const all = Array.from(
    { length: 12 },
    async (_, at) => await context.run(at, async () => await lookups.find(String(at))),
  );
  await Promise.all(all);
  expect(seen).toEqual(Array.from({ length: 12 }, (_, at) => [String(at), at]));
});

test("a resolver that throws keeps no place", async () => {
  const queue = new LookupQueue();
  const lookups = new CellLookups(() => {
    throw new Error("broken");
  }, queue);
  for (let at = 0; at < 100; at++)
    expect(await rejectionOf(lookups.find("name"))).toMatchObject({ message: "broken" });
});
