import type { MeterProvider } from "@opentelemetry/api";

import { asOptions } from "../../metrics/instruments.ts";
import { SCOPE } from "../../instrumentation-scope.ts";
import type { Spool } from "./spool.ts";

/** Adds gauges that show how full the spool is. They end with the provider, which reads no gauge after its shutdown. */
export function addSpoolGauges(spool: Spool, provider: MeterProvider): void {
  const meter = provider.getMeter(SCOPE.name, SCOPE.version);
  meter.createObservableGauge(...asOptions("spoolUsage")).addCallback((result) => {
    // Without what dead processes left: the limit is of this process.
    result.observe(spool.bytes - spool.orphans.bytes);
  });
  meter.createObservableGauge(...asOptions("spoolLimit")).addCallback((result) => {
    result.observe(spool.maxBytes);
  });
}
