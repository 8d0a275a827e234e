import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial, aTurn } from "../testing/denials.ts";
import { otlpReceiver } from "../testing/otlp-receiver.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pyisolate-sync-"));
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true });
  });
});

/** A recorder whose denials are on disk before `record` returns. */
function audited(endpoint: string, spool: string | { directory: string; maxBytes: number }) {
  const otel = startTelemetry({
    endpoint,
    spool,
    durability: "sync",
    metrics: "none",
    global: false,
    shutdownTimeoutMillis: 500,
  });
  const { loggerProvider, meterProvider } = otel;
  const denials = createDenialRecorder({ loggerProvider, meterProvider, recordsPerSecond: 2 });
  onTestFinished(async () => {
    await denials.shutdown();
    await otel.shutdown();
  });
  return { otel, denials };
}

/** How often an id is in a file of the folder. */
function onDisk(folder: string, id: string): number {
  const all = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return all.join("").split(id).length - 1;
}

test("a denial is on disk when record() returns, also past the budget in which others coalesce", () => {
  const { denials, otel } = audited("http://127.0.0.1:1", directory);
  for (let number = 1; number <= 20; number++) {
    const event = aDenial();
    denials.record(event);
    expect(onDisk(directory, event.id)).toBe(1);
    expect(otel.delivery()).toMatchObject({ waiting: number, onDisk: number, lost: {} });
  }
  expect(denials.ledger()).toMatchObject({ denied: 20, pending: 20, coalesced: 0 });
  expect(denials.recordsFirst).toBe(true);
});

test("each arrives once, and leaves nothing on disk", async () => {
  await using receiver = await otlpReceiver();
  const { denials, otel } = audited(receiver.url, directory);
  for (let number = 0; number < 50; number++) denials.record(aDenial({ target: `/${number}` }));
  await otel.flush();
  expect(receiver.records()).toHaveLength(50);
  expect(denials.ledger()).toMatchObject({ denied: 50, emitted: 50, pending: 0, dropped: {} });
  expect(await readdir(directory)).toEqual([]);
});

test("a folder that cannot be written throws nothing: telemetry is degraded, and records wait in memory", async () => {
  await using receiver = await otlpReceiver();
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const file = join(directory, "no-folder");
  await writeFile(file, "");
  const { denials, otel } = audited(receiver.url, file);
  for (let number = 0; number < 10; number++) denials.record(aDenial());
  expect(denials.health()).toMatchObject({ state: "degraded" });
  expect(denials.health().why).toContain("spool: ");
  await otel.flush();
  // Past the budget of two they coalesce, as they do without durability.
  const { denied, emitted, coalesced, dropped, pending } = denials.ledger();
  expect({ denied, told: emitted + coalesced, dropped, pending }).toEqual({
    denied: 10,
    told: 10,
    dropped: {},
    pending: 0,
  });
});

test("a full spool throws nothing, and takes denials at once again when there is room", async () => {
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  const { denials, otel } = audited(receiver.url, { directory, maxBytes: 65_536 });
  for (let number = 0; number < 200; number++) denials.record(aDenial());
  await aTurn();
  const full = otel.delivery();
  expect(full.onDisk).toBeGreaterThan(10);
  expect(full.onDisk).toBeLessThan(200);
  status = 200;
  await otel.flush();
  const event = aDenial();
  denials.record(event);
  expect(onDisk(directory, event.id)).toBe(1);
  const { denied, emitted, coalesced, pending } = denials.ledger();
  expect(emitted + coalesced + pending).toBe(denied);
});

test("a redaction that is denied something itself does not make it go round", async () => {
  const otel = startTelemetry({
    endpoint: "http://127.0.0.1:1",
    spool: directory,
    durability: "sync",
    metrics: "none",
    global: false,
    shutdownTimeoutMillis: 200,
  });
  const { loggerProvider, meterProvider } = otel;
  let calls = 0;
  const denials = createDenialRecorder({
    loggerProvider,
    meterProvider,
    redact: (target) => {
      calls += 1;
      if (calls < 1000) denials.record(aDenial({ cell: "the redaction's" }));
      return target;
    },
  });
  denials.record(aDenial());
  expect(calls).toBe(1);
  expect(denials.ledger().denied).toBe(2);
  calls = 1000;
  await denials.shutdown();
  await otel.shutdown();
  expect(otel.delivery()).toMatchObject({ lost: {} });
});

test.each([
  [{ durability: "sync" }, /durability "sync" needs `spool`/],
  [
    { durability: "sync", spool: "s", logs: "none" },
    /durability is of log records, and `logs` is "none"/,
  ],
  [{ integrity: true, logs: "none" }, /integrity is of log records/],
  [{ integrity: "yes" }, /integrity must be true or false, got "yes"/],
  [{ durability: "always", spool: "s" }, /durability must be one of "sync", got "always"/],
])("%j is refused", (options, message) => {
  expect(() => startTelemetry(options as never)).toThrow(TypeError);
  expect(() => startTelemetry(options as never)).toThrow(message);
});

test("what a file system cannot write out by itself is not a failure, and a disk that fails is", async () => {
  const { syncFolder } = await import("./spool/sync-folder.ts");
  syncFolder(directory);
  expect(() => {
    syncFolder(join(directory, "nowhere"));
  }).toThrow("ENOENT");
});
