import { expect, test } from "vitest";

import { exporterOf, linkExporter, linkReading, readingOf } from "./provider-link.ts";
import { ExporterStatus } from "./sdk/delivery/exporter-status.ts";

test("a provider has the exporter that was linked to it", () => {
  const status = new ExporterStatus();
  const provider = {};
  expect(exporterOf(provider)).toBeUndefined();
  linkExporter(provider, status);
  expect(exporterOf(provider)).toBe(status);
});

test("a provider's gauges show all that is pending, and the worst state, of its recorders", () => {
  const provider = {};
  linkReading(provider, () => ({ pending: 2, state: "exporting" }));
  const forget = linkReading(provider, () => ({ pending: 3, state: "degraded" }));
  linkReading({}, () => ({ pending: 5, state: "blind" }));
  expect(readingOf(provider)).toEqual({ pending: 5, state: "degraded" });
  forget();
  expect(readingOf(provider)).toEqual({ pending: 2, state: "exporting" });
  expect(readingOf({})).toEqual({ pending: 0, state: "exporting" });
});
