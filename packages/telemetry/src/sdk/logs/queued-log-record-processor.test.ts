import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test, vi } from "vitest";

import { processorTo } from "../../testing/log-pipeline.ts";
import { attributesOf, otlpReceiver } from "../../testing/otlp-receiver.ts";

test("everything is taken in the order in which it was emitted, a batch at a time", async () => {
  await using receiver = await otlpReceiver();
  const { processor, status, emit } = processorTo(receiver.url);
  emit(35);
  expect(processor.waiting).toBe(35);
  await processor.forceFlush();
  const seen = receiver.records().map(({ attributes }) => Number(attributesOf(attributes)["n"]));
  expect(seen).toEqual(Array.from({ length: 35 }, (_, n) => n));
  expect(receiver.logs).toHaveLength(4);
  expect(status.state).toEqual({
    exported: 35,
    lost: {},
    lastLoss: undefined,
    failing: undefined,
    spoolFailing: undefined,
    off: false,
  });
  expect(processor.waiting).toBe(0);
});

test("an emitter that waits for room may go on when two batches are left", async () => {
  await using receiver = await otlpReceiver();
  const { processor, emit } = processorTo(receiver.url);
  await processor.room();
  emit(55);
  await processor.room();
  expect(processor.waiting).toBe(15);
  expect(receiver.records()).toHaveLength(40);
});

test("a shutdown lets no emitter wait for room", async () => {
  const { processor, emit } = processorTo("http://127.0.0.1:1");
  emit(55);
  const room = processor.room();
  await processor.shutdown();
  await room;
  expect(processor.waiting).toBe(0);
});

test("records without room are lost, the others wait for as long as it takes", async () => {
  let answer = 503;
  await using receiver = await otlpReceiver(() => answer);
  const { processor, status, emit } = processorTo(receiver.url, 20);
  emit(27);
  await expect.poll(() => status.state.failing?.why).toContain("503");
  expect(status.state).toMatchObject({ exported: 0, lost: { queue_full: 7 } });
  answer = 200;
  await processor.forceFlush();
  expect(receiver.records()).toHaveLength(20);
  expect(status.state).toMatchObject({ exported: 20, lost: { queue_full: 7 }, failing: undefined });
});

test("a shutdown gives up waiting records at once, and reports how many", async () => {
  const { processor, status, emit } = processorTo("http://127.0.0.1:1");
  emit(15);
  const began = Date.now();
  await processor.shutdown();
  expect(Date.now() - began).toBeLessThan(1000);
  emit(2);
  expect(processor.waiting).toBe(0);
  expect(status.state).toMatchObject({ exported: 0, lost: { shutdown: 17 } });
});

test("the end knows what becomes of records that have no room on disk while a file is under way", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-processor-"));
  const { processor, status, emit } = processorTo("http://127.0.0.1:1", 100, folder);
  emit(5);
  await expect.poll(() => status.state.failing).toBeDefined();
  emit(20);
  await Promise.resolve();
  expect(processor.waiting - processor.onDisk).toBe(20);
  await processor.shutdown();
  await rm(folder, { recursive: true });
  expect(status.state.lost).toEqual({ shutdown: 20 });
  expect(processor.waiting).toBe(processor.onDisk);
});

test("what is emitted under fake timers is sent, and so is what comes under real ones", async () => {
  await using receiver = await otlpReceiver();
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { emit } = processorTo(receiver.url);
  emit(3);
  vi.useRealTimers();
  await expect.poll(() => receiver.records().length).toBe(3);
  vi.useFakeTimers();
  emit(2);
  vi.useRealTimers();
  emit(1);
  await expect.poll(() => receiver.records().length).toBe(6);
});
