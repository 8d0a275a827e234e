import { expect, test } from "vitest";

import { farEndOf, watchProvider } from "../far-end.ts";
import { ExportWatch } from "./export-watch.ts";

test("a loss is kept by reason, and claimed once", () => {
  const watch = new ExportWatch();
  watch.exported(7);
  watch.lost(3, "export_failed");
  watch.lost(2, "export_failed");
  watch.lost(0, "refused");
  expect(watch.state).toMatchObject({ exported: 7, lost: { export_failed: 5 } });
  expect([...watch.claimLost()]).toEqual([["export_failed", 5]]);
  expect([...watch.claimLost()]).toEqual([]);
  expect(watch.state.lost).toEqual({ export_failed: 5 });
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
  expect(farEndOf(provider)).toBeUndefined();
  watchProvider(provider, watch);
  expect(farEndOf(provider)).toBe(watch);
});
