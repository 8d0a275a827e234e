import { expect, onTestFinished, test, vi } from "vitest";

import { linkExporter } from "./provider-link.ts";
import { createDenialRecorder } from "./recorder.ts";
import { ExportWatch } from "./sdk/export-watch.ts";
import { Manifest } from "./sdk/manifest.ts";
import { aDenial, aTurn } from "./testing/denials.ts";

/** A logger behind which nothing gets out until it is told to. */
function stuckLogger() {
  const watch = new ExportWatch();
  const outage = Promise.withResolvers<undefined>();
  const manifest = new Manifest();
  const provider = {
    getLogger: () => ({
      enabled: () => true,
      emit: () => {
        manifest.add(watch.takeReceipt());
      },
    }),
    forceFlush: async () => {},
  };
  watch.waitsBy(async () => await outage.promise);
  linkExporter(provider, watch);
  return {
    provider,
    manifest,
    recover: () => {
      outage.resolve(undefined);
    },
    arrive: () => {
      watch.exported(manifest);
    },
  };
}

test("in an outage of any length denials coalesce, and none is lost for want of room", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { provider, manifest, recover, arrive } = stuckLogger();
  const denials = createDenialRecorder({ loggerProvider: provider, recordsPerSecond: 1000 });
  const cells = Array.from({ length: 10 }, (_, cell) => `tenant-${cell}`);
  for (let minute = 0; minute < 10; minute++) {
    for (const cell of cells) for (let n = 0; n < 200; n++) denials.record(aDenial({ cell }));
    for (let turn = 0; turn < 20; turn++) await aTurn();
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(manifest.records).toBeLessThan(1024);
  expect(denials.ledger()).toMatchObject({
    denied: 20_000,
    emitted: 0,
    dropped: {},
    pending: 20_000,
  });
  recover();
  await denials.flush();
  arrive();
  const { emitted, coalesced, dropped } = denials.ledger();
  expect(dropped).toEqual({});
  expect(emitted + coalesced).toBe(20_000);
  // As many as the ring holds, and a few for all that came after.
  expect(emitted).toBeLessThan(6000);
  await denials.shutdown();
});

test("a recorder that ends in an outage waits for room no longer, and says what it gave up", async () => {
  const { provider, manifest } = stuckLogger();
  const denials = createDenialRecorder({ loggerProvider: provider, shutdownTimeoutMillis: 50 });
  for (let n = 0; n < 2000; n++) denials.record(aDenial({ cell: `tenant-${n}` }));
  await denials.shutdown();
  const { dropped, pending } = denials.ledger();
  // One of them is the notice of what was dropped.
  expect(pending).toBe(manifest.records - 1);
  expect(dropped).toEqual({ shutdown: 2000 - pending });
});
