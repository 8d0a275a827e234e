import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SeverityNumber } from "@opentelemetry/api";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import { expect, onTestFinished, test } from "vitest";

import { attributesOf, otlpReceiver } from "../testing/otlp-receiver.ts";
import { RetryingTransport } from "./otlp/retrying-transport.ts";
import { Dispatch } from "./dispatch.ts";
import { ExportWatch } from "./export-watch.ts";
import { HttpTransport } from "./otlp/http-transport.ts";
import { Outbox } from "./outbox.ts";
import { Spool } from "./spool.ts";

function outboxTo(url: string, queueSize = 100, folder?: string) {
  const watch = new ExportWatch();
  const transport = new RetryingTransport(
    new HttpTransport(`${url}/v1/logs`, "LOGS", "v1/logs"),
    watch,
  );
  const limits = { queueSize, batchSize: 10, batchDelay: 5 };
  const spool =
    folder === undefined
      ? undefined
      : new Spool({ directory: folder, maxBytes: 2000 }, watch, () => {});
  const outbox = new Outbox(new Dispatch(transport, watch), watch, limits, spool);
  const logger = new LoggerProvider({ processors: [outbox] }).getLogger("test");
  const emit = (count: number) => {
    for (let n = 0; n < count; n++) {
      logger.emit({ severityNumber: SeverityNumber.WARN, attributes: { n } });
    }
  };
  onTestFinished(async () => {
    await outbox.shutdown();
  });
  return { outbox, watch, emit };
}

test("everything is taken in the order in which it was emitted, a batch at a time", async () => {
  await using receiver = await otlpReceiver();
  const { outbox, watch, emit } = outboxTo(receiver.url);
  emit(35);
  expect(outbox.waiting).toBe(35);
  await outbox.forceFlush();
  const seen = receiver.records().map(({ attributes }) => Number(attributesOf(attributes)["n"]));
  expect(seen).toEqual(Array.from({ length: 35 }, (_, n) => n));
  expect(receiver.logs).toHaveLength(4);
  expect(watch.state).toEqual({ exported: 35, lost: {}, failing: undefined, off: false });
  expect(outbox.waiting).toBe(0);
});

test("whoever waits for room may go on when two batches are left", async () => {
  await using receiver = await otlpReceiver();
  const { outbox, emit } = outboxTo(receiver.url);
  await outbox.room();
  emit(55);
  await outbox.room();
  expect(outbox.waiting).toBe(15);
  expect(receiver.records()).toHaveLength(40);
});

test("an end lets nobody wait for room", async () => {
  const { outbox, emit } = outboxTo("http://127.0.0.1:1");
  emit(55);
  const room = outbox.room();
  await outbox.shutdown();
  await room;
  expect(outbox.waiting).toBe(0);
});

test("what has no room is lost, what has waits for as long as it takes", async () => {
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  const { outbox, watch, emit } = outboxTo(receiver.url, 20);
  emit(27);
  await expect.poll(() => watch.state.failing?.why).toContain("503");
  expect(watch.state).toMatchObject({ exported: 0, lost: { queue_full: 7 } });
  status = 200;
  await outbox.forceFlush();
  expect(receiver.records()).toHaveLength(20);
  expect(watch.state).toMatchObject({ exported: 20, lost: { queue_full: 7 }, failing: undefined });
});

test.each([400, 413, 500])(
  "a request that is refused with %i is lost and holds up no other",
  async (code) => {
    let requests = 0;
    await using receiver = await otlpReceiver(() => (++requests === 1 ? code : 200));
    const { outbox, watch, emit } = outboxTo(receiver.url);
    emit(25);
    await outbox.forceFlush();
    expect(receiver.records()).toHaveLength(15);
    expect(watch.state).toMatchObject({ exported: 15, lost: { refused: 10 }, failing: undefined });
  },
);

test.each([401, 404, 429, 502, 504])(
  "%i is of the endpoint, not of the records: they wait",
  async (code) => {
    let requests = 0;
    await using receiver = await otlpReceiver(() => (++requests === 1 ? code : 200));
    const { outbox, watch, emit } = outboxTo(receiver.url);
    emit(5);
    await outbox.forceFlush();
    expect(watch.state).toMatchObject({ exported: 5, lost: {} });
  },
);

test("the end gives up what waits, at once, and says how much that was", async () => {
  const { outbox, watch, emit } = outboxTo("http://127.0.0.1:1");
  emit(15);
  const began = Date.now();
  await outbox.shutdown();
  expect(Date.now() - began).toBeLessThan(1000);
  emit(2);
  expect(outbox.waiting).toBe(0);
  expect(watch.state).toMatchObject({ exported: 0, lost: { shutdown: 17 } });
});

test("the end knows what becomes of records that have no room on disk while a file is under way", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-outbox-"));
  const { outbox, watch, emit } = outboxTo("http://127.0.0.1:1", 100, folder);
  emit(5);
  await expect.poll(() => watch.state.failing).toBeDefined();
  emit(20);
  await Promise.resolve();
  expect(outbox.waiting - outbox.onDisk).toBe(20);
  await outbox.shutdown();
  await rm(folder, { recursive: true });
  expect(watch.state.lost).toEqual({ shutdown: 20 });
  expect(outbox.waiting).toBe(outbox.onDisk);
});
