import { ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { aRecordQueue } from "../testing/record-queue.ts";
import { RingBuffer } from "./ring-buffer.ts";

test("the ring is reused any number of times", () => {
  const { push, take } = aRecordQueue(4);
  for (let seq = 1; seq < 20; seq++) {
    push(aDenial({ seq }));
    push(aDenial({ seq: seq + 100 }));
    expect(take().events.map((event) => event.seq)).toEqual([seq, seq + 100]);
  }
});

test("in any order of pushes and shifts the ring is a queue of its capacity", () => {
  const events = [aDenial(), aDenial(), aDenial()];
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.constantFrom<"shift" | number>("shift", 0, 1, 2), { maxLength: 60 }),
      (capacity, steps) => {
        const ring = new RingBuffer<string>(capacity);
        const model: unknown[] = [];
        let pushed = 0;
        for (const step of steps) {
          const event = step === "shift" ? undefined : events[step];
          const cell = `cell ${pushed}`;
          const hasRoom = model.length < capacity;
          const done = event === undefined ? ring.shift() : ring.push(event, ROOT_CONTEXT, cell);
          expect(done).toEqual(event === undefined ? model.shift() : hasRoom);
          if (event !== undefined && hasRoom) {
            pushed += 1;
            model.push({ kind: "denial", event, context: ROOT_CONTEXT, cell });
          }
          expect(ring.size).toBe(model.length);
          expect(ring.pushed).toBe(pushed);
        }
      },
    ),
  );
});
