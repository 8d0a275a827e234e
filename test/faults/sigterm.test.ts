import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { BUILD_TIMEOUT_MS } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { account } from "./account.ts";
import { failingServer, type Fault } from "./failing-server.ts";
import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";
import { stopped } from "./last-words.ts";
import { startRoad } from "./store-road.ts";

const DEAD = { endpoint: "http://127.0.0.1:1", shutdownTimeoutMillis: 1000 };

test("SIGTERM while the Collector is down: what memory held is lost, and counted", async () => {
  const { denied, waiting, lost, took } = await stopped(DEAD);
  expect(account("SIGTERM, in memory", denied, [], lost).residual).toBe(0);
  expect(lost).toEqual({ shutdown: denied });
  expect(waiting).toBe(0);
  expect(took).toBeLessThan(6000);
}, 30_000);

test("SIGTERM while the Collector is down: what the spool holds is there after the next start", async () => {
  const spool = await temporaryFolder();
  const { denied, waiting, onDisk, lost } = await stopped({ ...DEAD, spool });
  expect({ waiting, onDisk, lost }).toEqual({ waiting: denied, onDisk: denied, lost: {} });
  await using backend = await failingServer(() => {});
  backend.recover();
  const next = startService({ endpoint: backend.endpoint, spool });
  await next.otel.flush();
  await next.end();
  expect(account("SIGTERM, in a spool", denied, backend.logs)).toMatchObject({
    duplicates: 0,
    residual: 0,
  });
  expect(await readdir(spool)).toEqual([]);
}, 30_000);

test.for([
  ["answers 503", (response) => response.writeHead(503).end()],
  ["hangs", () => {}],
  ["is not there", "absent"],
] as const satisfies (readonly [string, Fault])[])(
  "SIGTERM of service and Collector, twice, while the store %s: all of it is delivered in the end",
  { timeout: BUILD_TIMEOUT_MS },
  async ([name, fault], context) => {
    await using road = await startRoad(context, fault);
    let denied = 0;
    for (let round = 0; round < 2; round++) {
      const spool = join(road.directory, "spool");
      const words = await stopped({ endpoint: road.collector.otlpEndpoint, spool });
      // Of the service's part nothing is left to do: the Collector has it.
      expect(words).toMatchObject({ waiting: 0, onDisk: 0, lost: {} });
      denied += words.denied;
      expect(await road.held()).toBe(true);
      expect(await road.collector.stop()).toEqual({ code: 0, signal: null });
      await road.restart();
    }
    road.store.recover();
    await road.settled();
    const { atStore, inFile } = await road.accounts(`SIGTERM, store ${name}`, denied, {});
    for (const each of [atStore, inFile])
      expect(each).toMatchObject({ duplicates: 0, residual: 0 });
  },
);
