import { ROOT_CONTEXT } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";
import { expect, test } from "vitest";

import { Backlog } from "./backlog.ts";
import type { Burst } from "./bursts.ts";
import { Cells } from "./cells.ts";
import { EventRows } from "./rows.ts";
import { aDenial } from "./testing/denials.ts";

function setup(capacity: number) {
  const backlog = new Backlog(capacity);
  const cells = new Cells(1000);
  const rows = new EventRows(1000);
  const push = (event: DenialEvent) =>
    backlog.push(event, ROOT_CONTEXT, cells.find(event.cell), rows.find(event));
  const take = (max = Number.POSITIVE_INFINITY) => {
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

test("with ring and bursts full there is no room, except for kinds that are bursting", () => {
  const { push, take } = setup(1);
  push(aDenial());
  for (let cell = 0; cell < 256; cell++) expect(push(aDenial({ cell: `c${cell}` }))).toBe(true);
  expect(push(aDenial({ cell: "one-too-many" }))).toBe(false);
  expect(push(aDenial({ cell: "c7" }))).toBe(true);
  take(1);
  expect(push(aDenial({ cell: "one-too-many" }))).toBe(true);
});

test("a cell's end comes after its denials", () => {
  const { backlog, cells, push, take } = setup(8);
  push(aDenial({ seq: 1 }));
  const cell = cells.find("tenant-a");
  cell.account.deny();
  backlog.pushNotice({
    totals: { cell: "tenant-a", denials: 2, allowed: 0, cause: "closed" },
    cell,
    context: ROOT_CONTEXT,
    time: 0,
  });
  push(aDenial({ seq: 2 }));
  expect(take(1)).toMatchObject({ events: [{ seq: 1 }], notices: [] });
  expect(take()).toMatchObject({ events: [{ seq: 2 }], notices: ["tenant-a"] });
});

test("a cell's end does not wait for the others' flood to end", () => {
  const { backlog, cells, push, take } = setup(8);
  for (let seq = 1; seq <= 4; seq++) push(aDenial({ seq }));
  const totals = { cell: "settled", denials: 0, allowed: 0, cause: "closed" } as const;
  backlog.pushNotice({ totals, cell: cells.find("settled"), context: ROOT_CONTEXT, time: 0 });
  expect(take(2)).toMatchObject({ events: [{ seq: 1 }], notices: ["settled"] });
});
