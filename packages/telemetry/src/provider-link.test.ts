import { expect, test } from "vitest";

import { exporterOf, linkExporter } from "./provider-link.ts";
import { DeliveryStatus } from "./sdk/delivery/delivery-status.ts";

test("a provider is watched by whoever said so", () => {
  const status = new DeliveryStatus();
  const provider = {};
  expect(exporterOf(provider)).toBeUndefined();
  linkExporter(provider, status);
  expect(exporterOf(provider)).toBe(status);
});
