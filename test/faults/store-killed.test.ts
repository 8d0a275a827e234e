import { setTimeout as sleep } from "node:timers/promises";

import { BUILD_TIMEOUT_MS } from "@pyisolate/stack";
import { expect, onTestFinished, test, vi } from "vitest";

import { killedAt } from "./killed-at.ts";
import { startService } from "./service.ts";
import { startRoad } from "./store-road.ts";

/** Records in each request of the service. */
const REQUEST = 5;

/** Requests out of the queue at once: num_consumers of otel-collector.yaml, and the one that waits for the next of them. */
const UNDER_WAY = 5;

const KILLS = 8;

test(
  "a Collector killed again and again while it takes up its queue: the store may miss what was under way, the file has it",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    vi.stubEnv("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", String(REQUEST));
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    await using road = await startRoad(context, (response) => response.writeHead(503).end());
    const service = startService({ endpoint: road.collector.otlpEndpoint });
    await service.denyFor(2000, 2 * REQUEST);
    expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });
    expect(await road.held()).toBe(true);
    await road.collector.kill();
    for (let kill = 0; kill < KILLS; kill++) {
      // From here to the next line that it says the requests are in its memory only.
      await killedAt("Fetching items left for dispatch", road.collector, road.settings);
    }
    await road.restart();
    road.store.recover();
    await road.settled();
    const missing = await road.missing();
    const { atStore, inFile } = await road.accounts(
      "store down, killed in its recovery",
      service.denied,
      { killed_while_taking_up: missing },
    );
    expect(atStore).toMatchObject({ residual: 0 });
    expect(missing).toBeLessThanOrEqual(KILLS * UNDER_WAY * REQUEST);
    expect(inFile).toMatchObject({ duplicates: 0, residual: 0 });
  },
);

test(
  "a Collector killed at random moments, with a queue for a store that is down: the store gets all of it",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await using road = await startRoad(context, (response) => response.writeHead(503).end());
    const service = startService({
      endpoint: road.collector.otlpEndpoint,
      shutdownTimeoutMillis: 20_000,
    });
    const denying = service.denyFor(4000, 10);
    for (let kill = 0; kill < 4; kill++) {
      await sleep(Math.random() * 600);
      await road.collector.kill();
      // Ready is past the instant in which it takes up its queue.
      await road.restart();
    }
    road.store.recover();
    await sleep(Math.random() * 200);
    await road.collector.kill();
    await road.restart();
    await denying;
    expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });
    await road.settled();
    const { atStore, inFile } = await road.accounts(
      "store down, killed at random",
      service.denied,
      {},
    );
    expect(atStore).toMatchObject({ residual: 0 });
    expect(inFile).toMatchObject({ residual: 0 });
  },
);
