import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { BUILD_TIMEOUT_MS } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";
import { smallDisk } from "./small-disk.ts";
import { startRoad } from "./store-road.ts";
import { until } from "./until.ts";

/** Which of the Collector's files are on the disk that fills. */
const BOTH = (disk: string) => ({ stateDir: disk });
const QUEUE = (disk: string, elsewhere: string) => ({
  stateDir: disk,
  env: { OTELCOL_LOG_FILE: join(elsewhere, "denials.jsonl") },
});
const FILE = (disk: string, elsewhere: string) => ({
  stateDir: elsewhere,
  env: { OTELCOL_LOG_FILE: join(disk, "denials.jsonl") },
});

test.for([
  ["its queue and its file", BOTH, false],
  ["its queue", QUEUE, false],
  ["its queue, and it is killed meanwhile", QUEUE, true],
  ["its file", FILE, false],
] as const)(
  "the Collector's disk is full, that of %s: it refuses, the service sends again, and the file has all in the end",
  { timeout: BUILD_TIMEOUT_MS },
  async ([what, on, killed], context) => {
    const disk = await smallDisk(context, 16 * 1024);
    const ballast = join(disk, "ballast");
    await writeFile(ballast, Buffer.alloc(15 * 1024 * 1024));
    await using road = await startRoad(
      context,
      (response) => response.writeHead(503).end(),
      on(disk, await temporaryFolder()),
    );
    const service = startService({
      endpoint: road.collector.otlpEndpoint,
      shutdownTimeoutMillis: 20_000,
    });
    const denyMore = () => {
      service.deny(100);
      return service.denials.health().why ?? "";
    };
    await until("a full disk", denyMore, (why) => why.includes("no space left on device"));
    if (killed) {
      await road.collector.kill();
      await road.restart();
    }
    road.store.recover();
    await service.denyFor(500, 10);
    await rm(ballast);
    const { lost, waiting } = await service.end();
    expect({ lost, waiting }).toEqual({ lost: {}, waiting: 0 });
    const { failed } = await road.settled();
    // A queue drops, and counts nowhere, what it reads while it cannot write; only the file knows of it.
    const dropped = on === FILE ? 0 : await road.missing();
    const { atStore, inFile } = await road.accounts(`disk full of ${what}`, service.denied, {
      dropped_by_queue: dropped,
    });
    expect({ failed, ...atStore }).toMatchObject({ failed: 0, residual: 0 });
    expect(inFile).toMatchObject({ residual: 0 });
  },
);
