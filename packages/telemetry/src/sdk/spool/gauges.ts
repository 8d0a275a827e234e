import type { MeterProvider } from "@opentelemetry/api";

import { asOptions } from "../../metrics/instruments.ts";
import { SCOPE } from "../../scope.ts";
import type { Spool } from "./spool.ts";

/** Shows how full the spool is. A gauge of a provider that has been shut down is read no more. */
export function addSpoolGauges(spool: Spool, provider: MeterProvider): void {
  const meter = provider.getMeter(SCOPE.name, SCOPE.version);
  meter.createObservableGauge(...asOptions("spoolUsage")).addCallback((result) => {
    result.observe(spool.bytes);
  });
  meter.createObservableGauge(...asOptions("spoolLimit")).addCallback((result) => {
    result.observe(spool.maxBytes);
  });
}
