import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type { LogRecord } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";

import { createDenialRecorder, type DenialRecorder } from "../index.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial } from "../testing/denials.ts";
import { otlpReceiver } from "../testing/otlp-receiver.ts";
import { realSdk } from "../testing/sdk-double.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A provider whose logger calls this. */
function providerOf(emit: (record: LogRecord) => void) {
  return { getLogger: () => ({ enabled: () => true, emit }), forceFlush: async () => {} };
}

function busy(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
}

/** How many turns the loop had while `work` was under way, and how many records there were in the fullest of them. */
async function turnsDuring(records: () => number, work: () => Promise<unknown>) {
  let most = 0;
  let turns = 0;
  let before = records();
  let over = false;
  const watch = () => {
    turns += 1;
    most = Math.max(most, records() - before);
    before = records();
    if (!over) setImmediate(watch);
  };
  setImmediate(watch);
  await work();
  over = true;
  watch();
  return { most, turns };
}

test("a slow logger is called for 20 ms a turn and no longer", async () => {
  let emitted = 0;
  const loggerProvider = providerOf(() => {
    emitted += 1;
    busy(4);
  });
  const denials = createDenialRecorder({ loggerProvider });
  for (let n = 0; n < 200; n++) denials.record(aDenial({ cell: `c${n % 10}` }));
  const { most } = await turnsDuring(
    () => emitted,
    async () => await denials.flush(),
  );
  expect(emitted).toBe(200);
  expect(most).toBeLessThanOrEqual(5);
  await denials.shutdown();
});

test("a slow redaction is asked for 20 ms a turn and no longer", async () => {
  let asked = 0;
  const redact = (target: string) => {
    asked += 1;
    busy(4);
    return target;
  };
  const denials = createDenialRecorder({ loggerProvider: providerOf(() => {}), redact });
  for (let n = 0; n < 100; n++) denials.record(aDenial({ cell: `c${n % 10}` }));
  const { most } = await turnsDuring(
    () => asked,
    async () => await denials.flush(),
  );
  expect(most).toBeLessThanOrEqual(5);
  await denials.shutdown();
});

test("a long ring over a spool goes out in many turns", async () => {
  await using receiver = await otlpReceiver();
  const spool = await mkdtemp(join(tmpdir(), "pyisolate-"));
  const otel = startTelemetry({ endpoint: receiver.url, spool, global: false, metrics: "none" });
  const { loggerProvider } = otel;
  const denials = createDenialRecorder({ loggerProvider, ringSize: 20_000, recordsPerSecond: 1e6 });
  for (let n = 0; n < 20_000; n++) denials.record(aDenial({ cell: `c${n % 10}` }));
  const settled = () => otel.delivery().onDisk + otel.delivery().exported;
  const { turns } = await turnsDuring(settled, async () => {
    while (settled() < 20_000) await pause(1);
  });
  expect(turns).toBeGreaterThan(20_000 / 512);
  await denials.shutdown();
  await otel.shutdown();
  await rm(spool, { recursive: true });
}, 60_000);

test("a flush ends although the logger itself is denied something for each record", async () => {
  let emitted = 0;
  const loggerProvider = providerOf(() => {
    emitted += 1;
    denials.record(aDenial({ cell: "logger" }));
  });
  const denials: DenialRecorder = createDenialRecorder({ loggerProvider, recordsPerSecond: 100 });
  denials.record(aDenial());
  await denials.flush();
  const after = emitted;
  expect(after).toBeLessThan(500);
  await pause(300);
  // Held back by the budget of the second, not by a flush that has ended.
  expect(emitted - after).toBeLessThan(500);
  await denials.shutdown();
}, 10_000);

test("a denial under fake timers has its record, and the recorder is awake under real ones", async () => {
  const { loggerProvider, records } = realSdk();
  const denials = createDenialRecorder({ loggerProvider, recordsPerSecond: 2 });
  vi.useFakeTimers();
  for (let n = 0; n < 5; n++) denials.record(aDenial());
  vi.useRealTimers();
  await expect.poll(async () => (await records()).length).toBe(1);
  denials.record(aDenial());
  // The burst's window ends by the real clock.
  await expect.poll(async () => (await records()).length, { timeout: 5000 }).toBe(2);
  expect(denials.ledger()).toMatchObject({ denied: 6, pending: 0 });
  await denials.shutdown();
});

test("the end of a cell past the budget has its own ledger, equal to its totals, or none", async () => {
  const { loggerProvider, records } = realSdk();
  const denials = createDenialRecorder({ loggerProvider, maxSeries: 10 });
  const cells = Array.from({ length: 20 }, (_, n) => `cell-${n}`);
  for (const cell of cells) for (let n = 0; n < 16; n++) denials.record(aDenial({ cell }));
  for (const cell of cells) denials.closed({ cell, denials: 16, allowed: 0, cause: "closed" });
  // One of them comes again, when there is room, and shares what it had before.
  denials.record(aDenial({ cell: "cell-19" }));
  denials.closed({ cell: "cell-19", denials: 17, allowed: 0, cause: "closed" });
  await denials.flush();
  const ends = (await records()).filter((record) => record.eventName === "pyisolate.cell.closed");
  expect(ends).toHaveLength(21);
  const withLedger = ends.filter(({ attributes }) => "pyisolate.ledger.denied" in attributes);
  expect(withLedger).toHaveLength(10);
  for (const { attributes } of withLedger) {
    expect(attributes["pyisolate.ledger.denied"]).toBe(attributes["pyisolate.closed.denials"]);
  }
  await denials.shutdown();
});
