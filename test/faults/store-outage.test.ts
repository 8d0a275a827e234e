import { BUILD_TIMEOUT_MS } from "@pyisolate/stack";
import { expect, test } from "vitest";

import type { Fault } from "./failing-server.ts";
import { startService } from "./service.ts";
import { startRoad } from "./store-road.ts";
import { until } from "./until.ts";

/** Some eight tries, milliseconds. */
const OUTAGE = 2000;

function answering(status: number): Fault {
  return (response) => response.writeHead(status).end();
}

/** What a log store does, and whether the Collector drops for good what is answered so. */
const FAULTS: Readonly<Record<string, readonly [fault: Fault, forGood?: true]>> = {
  "answers 503": [answering(503)],
  "answers 429": [answering(429)],
  "answers 500": [answering(500), true],
  "answers 400": [answering(400), true],
  hangs: [() => {}],
  "hangs up": [(response) => response.destroy()],
  "refuses connections": ["absent"],
};

test.concurrent.for(Object.entries(FAULTS))(
  "a log store that %s: each denial is delivered, or given up by the Collector's own count; its file has all",
  { timeout: BUILD_TIMEOUT_MS },
  async ([name, [fault, forGood]], context) => {
    await using road = await startRoad(context, fault);
    const service = startService({ endpoint: road.collector.otlpEndpoint });
    await service.denyFor(OUTAGE, 5);
    const during = await road.counters();
    expect(forGood ? during.failed : during.queued).toBeGreaterThan(0);
    road.store.recover();
    await service.denyFor(200, 5);
    const { lost, waiting } = await service.end();
    expect({ lost, waiting }).toEqual({ lost: {}, waiting: 0 });

    const { failed, enqueueFailed } = await road.settled();
    const { atStore, inFile } = await road.accounts(`store ${name}`, service.denied, {
      refused_by_store: failed,
    });
    const { residual, lost: reasons } = atStore;
    expect({ residual, enqueueFailed, reasons: Object.keys(reasons) }).toEqual({
      residual: 0,
      enqueueFailed: 0,
      reasons: forGood ? ["refused_by_store"] : [],
    });
    expect(inFile).toMatchObject({ duplicates: 0, residual: 0 });
  },
);

test(
  "a queue that is full: the service is told, sends again, and nothing is lost",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const env = { OTELCOL_QUEUE_BYTES: "1000000" };
    await using road = await startRoad(context, answering(503), { env });
    const service = startService({
      endpoint: road.collector.otlpEndpoint,
      shutdownTimeoutMillis: 20_000,
    });
    const denyMore = async () => {
      service.deny(200);
      return await road.counters();
    };
    await until("a full queue", denyMore, ({ enqueueFailed }) => enqueueFailed > 0);
    road.store.recover();
    const { lost, waiting } = await service.end();
    expect({ lost, waiting }).toEqual({ lost: {}, waiting: 0 });
    const { failed } = await road.settled();
    const { atStore, inFile } = await road.accounts("queue full", service.denied, {});
    expect({ failed, ...atStore }).toMatchObject({ failed: 0, residual: 0 });
    // What was sent again is twice in the file.
    expect(inFile).toMatchObject({ residual: 0 });
    expect(inFile.duplicates).toBeGreaterThan(0);
  },
);
