import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { processorTo } from "../../testing/log-pipeline.ts";
import { attributesOf, otlpReceiver } from "../../testing/otlp-receiver.ts";

/** The numbers of the records that have arrived, and how many probes. */
function arrived({ records }: Awaited<ReturnType<typeof otlpReceiver>>) {
  const all = records();
  const probes = all.filter(({ eventName }) => eventName === "pyisolate.telemetry.probe").length;
  const numbers = all.flatMap(({ attributes }) => {
    const { n } = attributesOf(attributes);
    return n === undefined ? [] : [Number(n)];
  });
  return { numbers, probes };
}

/** Whether a request has one of these records, by its number. */
function has(body: string, numbers: readonly number[]): boolean {
  return numbers.some((number) => body.includes(`"intValue":${number}}`));
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "pyisolate-parted-"));
  onTestFinished(async () => {
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

const refusals = [403, 500, 302] as const;

test.each(
  refusals.flatMap((status) => [[status, "in memory"] as const, [status, "spooled"] as const]),
)(
  "a filter that answers %i to one record, %s, costs no other, and holds up none",
  async (status, where) => {
    const culprits = [3, 17];
    await using receiver = await otlpReceiver((body) => (has(body, culprits) ? status : 200));
    const spool = where === "spooled" ? await folder() : undefined;
    const { processor, status: delivery, emit } = processorTo(receiver.url, 100, spool, 1_000_000);
    emit(40);
    await processor.delivered();
    const numbers = Array.from({ length: 40 }, (_, n) => n).filter((n) => !culprits.includes(n));
    expect(arrived(receiver).numbers.toSorted((a, b) => a - b)).toEqual(numbers);
    expect(delivery.state).toMatchObject({
      exported: 38,
      lost: { refused: 2 },
      failing: undefined,
    });
    expect(delivery.state.lastLoss).toContain(`the server answered ${status}`);
    if (spool === undefined) return;
    const letters = (await readFile(join(spool, "dead-letters.jsonl"), "utf8")).trim().split("\n");
    expect(letters.map((line) => (JSON.parse(line) as { rejected: number }).rejected)).toEqual([
      1, 1,
    ]);
  },
  20_000,
);

test("a record that is refused alone, with no other there, is told apart from an outage by a probe", async () => {
  await using receiver = await otlpReceiver((body) => (has(body, [0]) ? 403 : 200));
  const { processor, status, emit } = processorTo(receiver.url);
  emit(1);
  await processor.delivered();
  expect(arrived(receiver)).toEqual({ numbers: [], probes: 1 });
  expect(status.state).toMatchObject({ lost: { refused: 1 }, failing: undefined });
}, 20_000);

test("a guest that has most records refused holds up none of the others", async () => {
  const culprits = Array.from({ length: 90 }, (_, n) => n).filter((n) => n % 10 !== 9);
  await using receiver = await otlpReceiver((body) => (has(body, culprits) ? 403 : 200));
  const { processor, status, emit } = processorTo(receiver.url);
  emit(100);
  await processor.delivered();
  expect(arrived(receiver).numbers).toHaveLength(19);
  expect(status.state).toMatchObject({ exported: 19, lost: { refused: 81 } });
}, 20_000);

test.each([402, 500])(
  "an outage in which everything is answered %i loses nothing, however it ends",
  async (status) => {
    let requests = 0;
    // Long enough for probes; it ends in the middle of whatever is tried then.
    await using receiver = await otlpReceiver(() => {
      requests += 1;
      return requests < 6 ? status : 200;
    });
    const { processor, status: delivery, emit } = processorTo(receiver.url);
    emit(30);
    await processor.delivered();
    expect(new Set(arrived(receiver).numbers).size).toBe(30);
    expect(delivery.state).toMatchObject({ exported: 30, lost: {} });
  },
  40_000,
);

test("an outage that begins while it is tried whom a refusal was for loses nothing either", async () => {
  let requests = 0;
  let isOut = false;
  await using receiver = await otlpReceiver((body) => {
    requests += 1;
    isOut = requests > 8 && requests < 16;
    return isOut || has(body, [2]) ? 403 : 200;
  });
  const { processor, status, emit } = processorTo(receiver.url);
  emit(10);
  await processor.delivered();
  expect(new Set(arrived(receiver).numbers).size).toBe(9);
  expect(status.state).toMatchObject({ exported: 9, lost: { refused: 1 } });
}, 60_000);

test("what is larger than a server ever has room for is sent in parts, and the next request at once", async () => {
  let refused = 0;
  // Each record some 150 bytes.
  await using receiver = await otlpReceiver((body) => {
    if (body.length < 1200) return 200;
    refused += 1;
    return 503;
  });
  const { processor, status, emit } = processorTo(receiver.url);
  emit(40);
  await processor.delivered();
  expect(arrived(receiver).numbers).toEqual(Array.from({ length: 40 }, (_, n) => n));
  expect(status.state).toMatchObject({ exported: 40, lost: {} });
  // Three before it is halved, and then now and again one, whether there is more room.
  expect(refused).toBeLessThan(20);
}, 40_000);
