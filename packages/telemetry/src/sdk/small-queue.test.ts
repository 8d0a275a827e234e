import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, onTestFinished, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial } from "../testing/denials.ts";
import { attributesOf, otlpReceiver } from "../testing/otlp-receiver.ts";
import { sumOf } from "../testing/sdk-double.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const CASES = [
  { queue: "100", recorders: 1, spooled: false },
  { queue: "100", recorders: 3, spooled: false },
  { queue: "1", recorders: 1, spooled: false },
  { queue: "7", recorders: 2, spooled: false },
  { queue: "600", recorders: 2, spooled: false },
  { queue: "100", recorders: 2, spooled: true },
];

test.each(CASES)(
  "a queue of $queue costs $recorders recorders detail and no record, the server being healthy (spool: $spooled)",
  async ({ queue, recorders, spooled }) => {
    vi.stubEnv("OTEL_BLRP_MAX_QUEUE_SIZE", queue);
    vi.stubEnv("OTEL_BLRP_SCHEDULE_DELAY", "5");
    const directory = await mkdtemp(join(tmpdir(), "pyisolate-small-"));
    onTestFinished(async () => {
      await rm(directory, { recursive: true });
    });
    await using receiver = await otlpReceiver();
    await using otel = startTelemetry({
      endpoint: receiver.url,
      metrics: "none",
      global: false,
      ...(spooled ? { spool: directory } : {}),
    });
    const all = Array.from({ length: recorders }, () =>
      createDenialRecorder({ loggerProvider: otel.loggerProvider }),
    );
    const each = 6000 / recorders;
    for (let n = 0; n < each; n++) {
      for (const denials of all) denials.record(aDenial({ cell: `tenant-${n % 5}` }));
    }
    for (const denials of all) await denials.flush();
    await otel.flush();
    expect(otel.delivery()).toMatchObject({ lost: {}, waiting: 0 });
    for (const denials of all) {
      const { denied, emitted, coalesced, dropped } = denials.ledger();
      expect({ denied, dropped, told: emitted + coalesced }).toEqual({
        denied: each,
        dropped: {},
        told: each,
      });
      await denials.shutdown();
    }
    const counts = receiver
      .records()
      .map(({ attributes }) => Number(attributesOf(attributes)["pyisolate.denial.count"]));
    expect(sumOf(counts)).toBe(6000);
  },
);

test("an outage with a small queue costs detail and no record", async () => {
  vi.stubEnv("OTEL_BLRP_MAX_QUEUE_SIZE", "10");
  let answer = 503;
  await using receiver = await otlpReceiver(() => answer);
  await using otel = startTelemetry({ endpoint: receiver.url, metrics: "none", global: false });
  await using denials = createDenialRecorder({ loggerProvider: otel.loggerProvider, ringSize: 50 });
  for (let n = 0; n < 2000; n++) denials.record(aDenial({ cell: `tenant-${n % 5}` }));
  await expect.poll(() => denials.health().state).toBe("degraded");
  for (let n = 0; n < 2000; n++) denials.record(aDenial({ cell: `tenant-${n % 5}` }));
  answer = 200;
  await otel.flush();
  const { dropped, emitted, coalesced } = denials.ledger();
  expect({ dropped, told: emitted + coalesced }).toEqual({ dropped: {}, told: 4000 });
});
