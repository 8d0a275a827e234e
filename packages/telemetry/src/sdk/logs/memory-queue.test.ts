import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { expect, test } from "vitest";

import type { Emitted } from "./emitted-record.ts";
import { MemoryQueue } from "./memory-queue.ts";

/** A record of one scope with this body. */
function emitted(body: number): Emitted {
  const record = { body, instrumentationScope: { name: "test" } } as unknown as ReadableLogRecord;
  return { record, receipt: undefined };
}

function filled(size: number, batchSize: number, count: number): MemoryQueue {
  const queue = new MemoryQueue(size, batchSize);
  for (let body = 0; body < count; body++) expect(queue.push(emitted(body))).toBe(true);
  return queue;
}

const bodies = (batch: readonly Emitted[]) => batch.map(({ record }) => record.body);

test("records that are being sent take their room until they are released", () => {
  const queue = filled(3, 2, 3);
  expect(queue.push(emitted(3))).toBe(false);
  expect(bodies(queue.take())).toEqual([0, 1]);
  expect([queue.length, queue.held, queue.free]).toEqual([1, 3, 0]);
  expect(queue.push(emitted(3))).toBe(false);
  queue.release(2);
  expect([queue.length, queue.held, queue.free]).toEqual([1, 1, 2]);
  expect(queue.push(emitted(3))).toBe(true);
});

test("there is room for an emitter up to two batches and half of the room", () => {
  expect(filled(100, 10, 20).hasRoom).toBe(true);
  expect(filled(100, 10, 21).hasRoom).toBe(false);
  expect(filled(30, 10, 15).hasRoom).toBe(true);
  expect(filled(30, 10, 16).hasRoom).toBe(false);
});

test("batches are moved out in order, up to the first that is not taken, and waiting emitters are woken", async () => {
  const queue = filled(10, 2, 5);
  const woken = queue.change();
  const moved: unknown[] = [];
  queue.moveOut((batch) => moved.length < 4 && moved.push(...bodies(batch)) > 0);
  await woken;
  expect(moved).toEqual([0, 1, 2, 3]);
  expect([queue.length, queue.held]).toEqual([1, 1]);
  expect(bodies(queue.take())).toEqual([4]);
});
