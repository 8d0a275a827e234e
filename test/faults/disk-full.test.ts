import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, onTestFinished, test, vi } from "vitest";

import { account } from "./account.ts";
import { failingServer } from "./failing-server.ts";
import { startService } from "./service.ts";
import { smallDisk } from "./small-disk.ts";

test("a full disk costs no denial: what has no room in memory either waits in the recorder", async (context) => {
  vi.stubEnv("OTEL_BLRP_MAX_QUEUE_SIZE", "100");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const disk = await smallDisk(context, 256);
  await using backend = await failingServer((response) => response.writeHead(503).end());
  const service = startService({
    endpoint: backend.endpoint,
    spool: join(disk, "spool"),
    shutdownTimeoutMillis: 20_000,
  });
  // The disk holds some two hundred, memory 100; the recorder's ring 4096.
  for (let tick = 0; tick < 50; tick++) {
    service.deny(60);
    await sleep(20);
  }
  const full = service.otel.delivery();
  expect(full.onDisk).toBeGreaterThan(60);
  expect(full).toMatchObject({ lost: {}, waiting: full.onDisk + 100 });
  backend.recover();
  const { lost, waiting } = await service.end();
  const { residual } = account("disk full", service.denied, backend.logs, lost);
  expect({ residual, waiting, reasons: Object.keys(lost) }).toEqual({
    residual: 0,
    waiting: 0,
    reasons: [],
  });
}, 40_000);

test("when there is room again records go to disk again", async (context) => {
  const disk = await smallDisk(context, 512);
  const ballast = join(disk, "ballast");
  await writeFile(ballast, Buffer.alloc(500 * 1024));
  await using backend = await failingServer((response) => response.writeHead(503).end());
  const service = startService({ endpoint: backend.endpoint, spool: join(disk, "spool") });
  await service.denyFor(500, 10);
  const before = service.otel.delivery().onDisk;
  await rm(ballast);
  await service.denyFor(2500, 2);
  expect(service.otel.delivery().onDisk).toBeGreaterThan(before);
  backend.recover();
  const { lost } = await service.end();
  expect(account("disk full for a while", service.denied, backend.logs, lost)).toMatchObject({
    lost: {},
    residual: 0,
  });
}, 40_000);

test("what waited in memory while the disk was full is on disk when the service ends in an outage", async (context) => {
  const disk = await smallDisk(context, 4096);
  const ballast = join(disk, "ballast");
  await writeFile(ballast, Buffer.alloc(4080 * 1024));
  await using backend = await failingServer((response) => response.writeHead(503).end());
  const service = startService({
    endpoint: backend.endpoint,
    spool: join(disk, "spool"),
    shutdownTimeoutMillis: 1000,
  });
  await service.denyFor(1500, 5);
  expect(service.otel.delivery()).toMatchObject({ lost: {} });
  const { waiting, onDisk } = service.otel.delivery();
  expect(waiting).toBeGreaterThan(onDisk);
  await rm(ballast);
  const { lost, waiting: left } = await service.end();
  expect(lost).toEqual({});
  expect(left).toBeGreaterThan(0);
  expect(service.otel.delivery()).toMatchObject({ waiting: left, onDisk: left });
}, 40_000);
