import { expect, test } from "vitest";

import { processorTo } from "../../testing/log-pipeline.ts";
import { otlpReceiver } from "../../testing/otlp-receiver.ts";

test.each([400, 413, 422])(
  "a request that is refused with %i is lost and holds up no other",
  async (code) => {
    let requests = 0;
    await using receiver = await otlpReceiver(() => (++requests === 1 ? code : 200));
    const { processor, status, emit } = processorTo(receiver.url);
    emit(25);
    await processor.forceFlush();
    expect(receiver.records()).toHaveLength(15);
    expect(status.state).toMatchObject({ exported: 15, lost: { refused: 10 }, failing: undefined });
  },
);

test.each([401, 402, 404, 429, 500, 502, 504, 507, 520])(
  "%i is of the endpoint, not of the records: they wait",
  async (code) => {
    let requests = 0;
    await using receiver = await otlpReceiver(() => (++requests === 1 ? code : 200));
    const { processor, status, emit } = processorTo(receiver.url);
    emit(5);
    await processor.forceFlush();
    expect(status.state).toMatchObject({ exported: 5, lost: {} });
  },
);
