import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { aRecordQueue } from "../testing/record-queue.ts";

test("the ring is reused any number of times", () => {
  const { push, take } = aRecordQueue(4);
  for (let seq = 1; seq < 20; seq++) {
    push(aDenial({ seq }));
    push(aDenial({ seq: seq + 100 }));
    expect(take().events.map((event) => event.seq)).toEqual([seq, seq + 100]);
  }
});
