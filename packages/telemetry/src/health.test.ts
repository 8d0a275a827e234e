import { expect, test } from "vitest";

import { watchProvider } from "./far-end.ts";
import { HealthWatch, worstOf } from "./health.ts";
import { createDenialRecorder } from "./recorder.ts";
import { ExportWatch } from "./sdk/export-watch.ts";
import { aDenial } from "./testing/denials.ts";
import { realSdk } from "./testing/sdk-double.ts";

const FINE = { deaf: undefined, failing: undefined, pending: 0, lost: 0 };

test("a failing exporter is degraded, and after a minute blind", () => {
  const watch = new HealthWatch();
  const failing = { since: 1000, why: "ECONNREFUSED" };
  expect(watch.read(FINE, 500).state).toBe("exporting");
  expect(watch.read({ ...FINE, failing, pending: 3 }, 2000)).toEqual({
    state: "degraded",
    since: 1000,
    why: "ECONNREFUSED",
    pending: 3,
    lost: 0,
  });
  expect(watch.read({ ...FINE, failing }, 61_000)).toMatchObject({ state: "blind", since: 1000 });
  expect(watch.read(FINE, 62_000)).toMatchObject({
    state: "exporting",
    since: 62_000,
    why: undefined,
  });
});

test("a loss is degraded for a minute", () => {
  const watch = new HealthWatch();
  expect(watch.read({ ...FINE, lost: 5 }, 1000)).toMatchObject({ state: "degraded", since: 1000 });
  expect(watch.read({ ...FINE, lost: 5 }, 60_000)).toMatchObject({
    state: "degraded",
    since: 1000,
  });
  expect(watch.read({ ...FINE, lost: 5 }, 61_000)).toMatchObject({ state: "exporting", lost: 5 });
});

test("of several the worst counts, with all that is pending and lost", () => {
  const health = { since: 0, why: undefined, pending: 1, lost: 2 };
  expect(worstOf([])).toBeUndefined();
  expect(
    worstOf([
      { ...health, state: "exporting" },
      { ...health, state: "blind", since: 9 },
    ]),
  ).toEqual({ state: "blind", since: 9, why: undefined, pending: 2, lost: 4 });
});

test("a recorder that nobody listens to says that it is blind, and why", async () => {
  const denials = createDenialRecorder();
  expect(denials.health()).toMatchObject({
    state: "blind",
    why: "no logger wants denials: no provider, or its configuration says no",
  });
  await denials.shutdown();
  expect(denials.health()).toMatchObject({ why: "the recorder has been shut down" });
});

test("what is lost behind the logger is in ledger, metric and health", async () => {
  const { meterProvider, loggerProvider, cumulative } = realSdk();
  const watch = new ExportWatch();
  watchProvider(loggerProvider, watch);
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  denials.record(aDenial());
  denials.record(aDenial());
  await denials.flush();
  expect(denials.health()).toMatchObject({ state: "exporting", why: undefined, lost: 0 });
  expect(denials.ledger()).not.toHaveProperty("lost");
  watch.failing(new Error("503"));
  expect(denials.health()).toMatchObject({ state: "degraded", why: "503" });
  watch.recovered();
  watch.lost(2, "export_failed");
  const lost = await cumulative.points("pyisolate.telemetry.records.lost");
  expect(lost.get("export_failed")).toBe(2);
  expect(lost.get("refused")).toBe(0);
  expect(denials.ledger()).toMatchObject({ denied: 2, emitted: 2, lost: { export_failed: 2 } });
  expect(denials.health()).toMatchObject({ state: "degraded", lost: 2 });
});
