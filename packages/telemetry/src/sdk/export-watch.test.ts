import { expect, onTestFinished, test, vi } from "vitest";

import { exporterOf, linkExporter } from "../provider-link.ts";
import { aManifest } from "../testing/manifests.ts";
import { ExportWatch } from "./export-watch.ts";

test("what has arrived and what is lost is kept, by reason", () => {
  const watch = new ExportWatch();
  watch.exported(aManifest(7));
  watch.lost(aManifest(3), "export_failed");
  watch.lost(aManifest(2), "export_failed");
  watch.lost(aManifest(0), "refused");
  expect(watch.state).toMatchObject({ exported: 7, lost: { export_failed: 5 } });
});

test("a ticket goes with the record that is emitted meanwhile, and with no other", () => {
  const watch = new ExportWatch();
  const receipt = { owner: { settle: () => {} }, denials: 3 };
  let taken: unknown;
  const take = () => {
    taken = watch.takeReceipt();
  };
  expect(watch.track(receipt, take)).toBe(true);
  expect(taken).toBe(receipt);
  take();
  expect(taken).toBeUndefined();
  expect(watch.track(receipt, () => {})).toBe(false);
  expect(watch.takeReceipt()).toBeUndefined();
});

test("a logger that throws loses the ticket, unless the record is on its way already", () => {
  const watch = new ExportWatch();
  const receipt = { owner: { settle: () => {} }, denials: 1 };
  const fail = () => {
    throw new Error("no");
  };
  expect(() => watch.track(receipt, fail)).toThrow("no");
  const takeAndFail = () => {
    watch.takeReceipt();
    fail();
  };
  expect(watch.track(receipt, takeAndFail)).toBe(true);
});

test("failing begins with the first failure and ends with a recovery", () => {
  const watch = new ExportWatch();
  watch.failing(new Error("first"));
  const since = watch.state.failing?.since;
  watch.failing(`${"x".repeat(10_000)}\n`);
  expect(watch.state.failing?.since).toBe(since);
  expect(watch.state.failing?.why.length).toBeLessThanOrEqual(300);
  watch.recovered();
  expect(watch.state.failing).toBeUndefined();
});

test("a provider is watched by whoever said so", () => {
  const watch = new ExportWatch();
  const provider = {};
  expect(exporterOf(provider)).toBeUndefined();
  linkExporter(provider, watch);
  expect(exporterOf(provider)).toBe(watch);
});

test("a failure has never begun in the future, though a clock is set back", () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(9_000_000);
  onTestFinished(() => {
    clock.mockRestore();
  });
  const watch = new ExportWatch();
  watch.failing("no");
  clock.mockReturnValue(1_000_000);
  watch.failing("no");
  expect(watch.state.failing?.since).toBe(1_000_000);
});
