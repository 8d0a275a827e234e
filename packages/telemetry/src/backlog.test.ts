import { ROOT_CONTEXT } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";
import { expect, test } from "vitest";

import { Backlog } from "./backlog.ts";
import type { Burst } from "./bursts.ts";
import { Cells } from "./cells.ts";
import { EventSeriesTable } from "./metrics/event-series.ts";
import { aDenial } from "./testing/denials.ts";

function setup(capacity: number, recordsPerWindow = 1000) {
  const backlog = new Backlog(capacity, recordsPerWindow);
  const cells = new Cells(1000, () => {});
  const table = new EventSeriesTable(1000);
  const push = (event: DenialEvent) =>
    backlog.push(event, ROOT_CONTEXT, cells.find(event.cell), table.find(event));
  const take = (max = Number.POSITIVE_INFINITY) => {
    backlog.releaseBursts();
    const events: DenialEvent[] = [];
    const bursts: Burst[] = [];
    const notices: string[] = [];
    backlog.take(max, {
      event: (event) => events.push(event),
      burst: (burst) => bursts.push(burst),
      notice: ({ totals }) => notices.push(totals.cell),
    });
    return { events, bursts, notices };
  };
  return { backlog, cells, push, take };
}

test("what fits comes out as it went in", () => {
  const { backlog, push, take } = setup(8);
  const events = [1, 2, 3].map((seq) => aDenial({ seq }));
  for (const event of events) push(event);
  expect(backlog.size).toBe(3);
  expect(take().events).toEqual(events);
  expect(backlog.size).toBe(0);
});

test("the ring is reused any number of times", () => {
  const { push, take } = setup(4);
  for (let seq = 1; seq < 20; seq++) {
    push(aDenial({ seq }));
    push(aDenial({ seq: seq + 100 }));
    expect(take().events.map((event) => event.seq)).toEqual([seq, seq + 100]);
  }
});

test("past its half of the ring a cell's denials become bursts, and the others keep their room", () => {
  const { push, take } = setup(8);
  for (let seq = 1; seq <= 100; seq++) push(aDenial({ cell: "noisy", seq, target: `/${seq}` }));
  for (let seq = 1; seq <= 4; seq++) push(aDenial({ cell: "quiet", seq }));
  const { events, bursts } = take();
  expect(events.filter((event) => event.cell === "quiet")).toHaveLength(4);
  expect(events.filter((event) => event.cell === "noisy")).toHaveLength(4);
  expect(bursts).toHaveLength(1);
  expect(bursts[0]).toMatchObject({ count: 96, first: { seq: 5 }, last: { seq: 100 } });
});

test("a burst never mixes what its record tells", () => {
  const { push, take } = setup(1);
  push(aDenial());
  const kinds = [
    aDenial({ operation: "read" }),
    aDenial({ operation: "write" }),
    aDenial({ cell: "tenant-b" }),
    aDenial({ policyRule: "dotenv" }),
    aDenial({ enforced: false }),
    aDenial({ kernelDecision: "deny", kernelEvidence: "audit" }),
    aDenial({ kernelDecision: "deny", kernelEvidence: "seccomp-errno" }),
    aDenial({ policyHash: "0123456789abcdef", policyName: "plugins" }),
  ];
  for (const event of [...kinds, ...kinds]) push(event);
  const { bursts } = take();
  expect(bursts.map((burst) => burst.first)).toEqual(kinds);
  expect(bursts.every((burst) => burst.count === 2)).toBe(true);
});

test("a burst is of the cell itself, and not of one that had its name before it", () => {
  const { backlog, take } = setup(1, 0);
  const series = new EventSeriesTable(10).find(aDenial());
  const [former, present] = [1, 2].map(() => new Cells(10, () => {}).find("tenant-a"));
  for (const cell of [former, former, present]) {
    if (cell !== undefined) backlog.push(aDenial(), ROOT_CONTEXT, cell, series);
  }
  expect(take().bursts).toMatchObject([
    { cell: former, count: 2 },
    { cell: present, count: 1 },
  ]);
});

test("with ring and bursts full there is no room, except for kinds that are bursting", () => {
  const { push, take } = setup(1);
  push(aDenial());
  for (let cell = 0; cell < 1024; cell++) expect(push(aDenial({ cell: `c${cell}` }))).toBe(true);
  expect(push(aDenial({ cell: "one-too-many" }))).toBe(false);
  expect(push(aDenial({ cell: "c7" }))).toBe(true);
  take(1);
  expect(push(aDenial({ cell: "one-too-many" }))).toBe(true);
});

test("what is over a cell's records of a window coalesces, until the window ends", () => {
  const { backlog, push, take } = setup(100, 4);
  const burst = (cell: string) => {
    for (const policyRule of ["a", "a", "a", "b", "b", "b"]) push(aDenial({ cell, policyRule }));
  };
  burst("noisy");
  burst("other");
  const { events, bursts } = take();
  // Half of the four for each rule.
  expect(events.map(({ cell, policyRule }) => `${cell} ${policyRule}`)).toEqual([
    "noisy a",
    "noisy a",
    "noisy b",
    "noisy b",
    "other a",
    "other a",
    "other b",
    "other b",
  ]);
  expect(bursts.map(({ count }) => count)).toEqual([1, 1, 1, 1]);
  push(aDenial({ cell: "noisy" }));
  expect(take()).toMatchObject({ events: [], bursts: [{ count: 1 }] });
  backlog.nextWindow();
  push(aDenial({ cell: "noisy" }));
  expect(take()).toMatchObject({ events: [{ cell: "noisy" }], bursts: [] });
});

test("a burst counts until its window ends, however often the drain runs", () => {
  const { backlog, push } = setup(8, 1);
  const bursts: number[] = [];
  const reader = {
    event: () => {},
    burst: ({ count }: Burst) => bursts.push(count),
    notice: () => {},
  };
  for (let turn = 0; turn < 10; turn++) {
    push(aDenial());
    push(aDenial());
    backlog.take(100, reader);
  }
  expect(bursts).toEqual([]);
  backlog.nextWindow();
  backlog.take(100, reader);
  expect(bursts).toEqual([19]);
});

test("one cell's kinds fill no more than half of the bursts", () => {
  const { push } = setup(1);
  push(aDenial());
  const kinds = Array.from({ length: 600 }, (_, rule) => `r${rule}`);
  const taken = kinds.filter((policyRule) => push(aDenial({ cell: "noisy", policyRule })));
  expect(taken).toHaveLength(512);
  expect(push(aDenial({ cell: "quiet" }))).toBe(true);
});

test("a cell's end comes after its denials", () => {
  const { backlog, cells, push, take } = setup(8);
  push(aDenial({ seq: 1 }));
  const cell = cells.find("tenant-a");
  cell.ledger.deny();
  backlog.pushNotice({
    totals: { cell: "tenant-a", denials: 2, allowed: 0, cause: "closed" },
    cell,
    context: ROOT_CONTEXT,
    time: 0,
  });
  push(aDenial({ seq: 2 }));
  expect(take(1)).toMatchObject({ events: [{ seq: 1 }], notices: [] });
  expect(take()).toMatchObject({ events: [{ seq: 2 }], notices: [] });
  cell.ledger.emit(1, 1);
  expect(take()).toMatchObject({ events: [], notices: ["tenant-a"] });
});

test("a cell's end waits two windows for its records to arrive, and none when it is hurried", () => {
  const { backlog, cells, take } = setup(8);
  const totals = { cell: "tenant-a", denials: 1, allowed: 0, cause: "closed" } as const;
  const cell = cells.find("tenant-a");
  cell.ledger.deny();
  const push = () => backlog.pushNotice({ totals, cell, context: ROOT_CONTEXT, time: 0 });
  push();
  expect(backlog.isReady).toBe(false);
  backlog.nextWindow();
  expect(take().notices).toEqual([]);
  backlog.nextWindow();
  expect(backlog.isReady).toBe(true);
  expect(take().notices).toEqual(["tenant-a"]);
  push();
  backlog.hurryNotices();
  expect(take().notices).toEqual(["tenant-a"]);
  expect(cell.closing).toBe(0);
});

test("a cell's end does not wait for the others' flood to end", () => {
  const { backlog, cells, push, take } = setup(8);
  for (let seq = 1; seq <= 4; seq++) push(aDenial({ seq }));
  const totals = { cell: "settled", denials: 0, allowed: 0, cause: "closed" } as const;
  backlog.pushNotice({ totals, cell: cells.find("settled"), context: ROOT_CONTEXT, time: 0 });
  expect(take(2)).toMatchObject({ events: [{ seq: 1 }], notices: ["settled"] });
});
