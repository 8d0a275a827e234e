import { expect, onTestFinished, test, vi } from "vitest";

import { someReceipts } from "../../testing/batch-receipts.ts";
import { ExporterStatus } from "./exporter-status.ts";

test("arrived and lost records are counted, the lost ones by reason", () => {
  const status = new ExporterStatus();
  status.exported(someReceipts(7));
  status.lost(someReceipts(3), "export_failed");
  status.lost(someReceipts(2), "export_failed");
  status.lost(someReceipts(0), "refused");
  expect(status.state).toMatchObject({ exported: 7, lost: { export_failed: 5 } });
});

test("failing begins with the first failure and ends with a recovery", () => {
  const status = new ExporterStatus();
  status.failing(new Error("first"));
  const since = status.state.failing?.since;
  status.failing(`${"x".repeat(10_000)}\n`);
  expect(status.state.failing?.since).toBe(since);
  expect(status.state.failing?.why.length).toBeLessThanOrEqual(300);
  status.recovered();
  expect(status.state.failing).toBeUndefined();
});

test("a failure has never begun in the future, though a clock is set back", () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(9_000_000);
  onTestFinished(() => {
    clock.mockRestore();
  });
  const status = new ExporterStatus();
  status.failing("no");
  clock.mockReturnValue(1_000_000);
  status.failing("no");
  expect(status.state.failing?.since).toBe(1_000_000);
});
