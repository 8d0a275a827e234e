import { expect, test } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";
import { flushInOrder } from "./flush.ts";

test("after shutdown a denial is counted and has no record", async () => {
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  const denials = createDenialRecorder({ meterProvider, loggerProvider });
  denials.record(aDenial());
  await Promise.all([denials.shutdown(), denials.shutdown()]);
  denials.record(aDenial());
  denials.allowed("network");
  denials.closed({ cell: "tenant-a", denials: 2, allowed: 0, cause: "closed" });
  await denials.shutdown();
  expect(await records()).toHaveLength(1);
  expect(await cumulative.sum("pyisolate.denials")).toBe(2);
  expect(denials.ledger()).toMatchObject({ denied: 2, emitted: 1, dropped: { shutdown: 1 } });
});

test("a closed cell is reported after its denials, with its ledger", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider, ringSize: 2 });
  for (let seq = 1; seq <= 3; seq++) denials.record(aDenial({ seq }));
  denials.closed({ cell: "tenant-a", denials: 3, allowed: 9, cause: "limit" });
  await denials.flush();
  const all = await records();
  expect(all.map((record) => record.eventName)).toEqual([
    "pyisolate.denial",
    "pyisolate.denial",
    "pyisolate.cell.closed",
  ]);
  expect(all.at(-1)?.attributes).toEqual({
    "pyisolate.cell": "tenant-a",
    "pyisolate.closed.cause": "limit",
    "pyisolate.closed.denials": 3,
    "pyisolate.closed.allowed": 9,
    "pyisolate.ledger.denied": 3,
    "pyisolate.ledger.emitted": 2,
    "pyisolate.ledger.coalesced": 1,
    "pyisolate.ledger.dropped": 0,
    "pyisolate.ledger.pending": 0,
  });
});

test("a name that is used twice has two ends, each with its own ledger", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider });
  const totals = { cell: "tenant-a", denials: 1, allowed: 0, cause: "closed" } as const;
  for (const life of [1, 2]) {
    for (let seq = 0; seq < life; seq++) denials.record(aDenial());
    denials.closed({ ...totals, denials: life });
    await denials.flush();
  }
  const ends = (await records()).filter((record) => record.eventName === "pyisolate.cell.closed");
  expect(ends.map((end) => end.attributes["pyisolate.ledger.denied"])).toEqual([1, 2]);
  expect(denials.ledger("tenant-a").denied).toBe(3);
});

test("closed cells come after the records of denials have been delivered, and are delivered if there are any", async () => {
  const steps: string[] = [];
  const recorder = (hasClosedCells: boolean) => ({
    flush: async () => {
      steps.push("denials");
    },
    flushClosedCells: async () => {
      steps.push("closed cells");
      return hasClosedCells;
    },
  });
  const deliver = async () => {
    steps.push("deliver");
  };
  await flushInOrder([recorder(false), recorder(true)], deliver);
  expect(steps.splice(0)).toEqual([
    "denials",
    "denials",
    "deliver",
    "closed cells",
    "closed cells",
    "deliver",
  ]);
  await flushInOrder([recorder(false)], deliver);
  expect(steps).toEqual(["denials", "deliver", "closed cells"]);
});
