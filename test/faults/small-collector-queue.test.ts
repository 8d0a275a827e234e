import { BUILD_TIMEOUT_MS } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { startService } from "./service.ts";
import { startRoad } from "./store-road.ts";
import { until } from "./until.ts";

test(
  "a Collector whose queue is smaller than a request gets all of it in parts",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    // A batch of 512 records is some 600 KB; the Collector answers 503 to what has no room in its queue, for ever.
    await using road = await startRoad(context, () => {}, {
      env: { OTELCOL_QUEUE_BYTES: "100000" },
    });
    road.store.recover();
    const service = startService({
      endpoint: road.collector.otlpEndpoint,
      shutdownTimeoutMillis: 20_000,
    });
    service.deny(1500);
    await until(
      "what waits",
      () => service.denials.ledger().pending,
      (pending) => pending === 0,
    );
    expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });
    await road.settled();
    const { atStore } = await road.accounts("small queue", service.denied, {});
    expect(atStore).toMatchObject({ residual: 0 });
  },
);
