import { appendFile, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test, vi } from "vitest";

import { DeliveryReceipt } from "../../ledger/delivery-receipt.ts";
import { createDenialRecorder } from "../../recorder.ts";
import { resendRefused, startTelemetry } from "../../sdk.ts";
import { aDenial } from "../../testing/denials.ts";
import { processorTo } from "../../testing/log-pipeline.ts";
import { otlpReceiver } from "../../testing/otlp-receiver.ts";
import { linesOf } from "../spool/jsonl.ts";

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-exporter-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The attribute `n` of each record of a request. */
function numbersIn(body: string): number[] {
  return [...body.matchAll(/"key":"n","value":\{"intValue":(\d+)\}/g)].map(([, n]) => Number(n));
}

test.each([400, 413, 422])(
  "one record that is refused with %i costs no other, and holds up none",
  async (code) => {
    await using receiver = await otlpReceiver((body) => (numbersIn(body).includes(7) ? code : 200));
    const { processor, status, emit } = processorTo(receiver.url);
    emit(25);
    await processor.forceFlush();
    const arrived = receiver.logs.flatMap((logs) => numbersIn(JSON.stringify(logs)));
    expect(arrived).toEqual(Array.from({ length: 25 }, (_, n) => n).filter((n) => n !== 7));
    expect(status.state).toMatchObject({
      exported: 24,
      lost: { refused: 1 },
      lastLoss: `refused: the server answered ${code}: {}`,
      failing: undefined,
    });
  },
);

test.each([
  ["in memory", false],
  ["in a spool", true],
])(
  "requests that are too large arrive as smaller ones, records waiting %s",
  async (_where, spooled) => {
    await using receiver = await otlpReceiver((body) => (body.length > 3000 ? 413 : 200));
    const folder = await aFolder();
    const { processor, status, emit } = processorTo(
      receiver.url,
      100,
      spooled ? folder : undefined,
      100_000,
    );
    emit(60);
    await processor.delivered();
    expect(receiver.records()).toHaveLength(60);
    expect(status.state).toMatchObject({ exported: 60, lost: {} });
  },
);

test("records are counted in the order of the request, which has them by scope", async () => {
  await using receiver = await otlpReceiver((body) => (numbersIn(body).includes(1) ? 400 : 200));
  const { processor, status, loggers } = processorTo(receiver.url, 100, await aFolder());
  const settled: Record<string, string> = {};
  const owner = (name: string) => ({
    settle: (outcome: string, records: number) => {
      settled[name] = `${records} ${outcome}`;
    },
  });
  for (let n = 0; n < 4; n++) {
    loggers(n % 2 === 0 ? "even" : "odd").emit({
      attributes: { n },
      context: new DeliveryReceipt(owner(String(n)), 1).in(),
    });
  }
  await processor.delivered();
  expect(settled).toEqual({ 0: "1 arrived", 1: "1 refused", 2: "1 arrived", 3: "1 arrived" });
  expect(status.state.lost).toEqual({ refused: 1 });
});

test("what the server will not take is kept with its answer, and sent again when asked", async () => {
  let isStrict = true;
  await using receiver = await otlpReceiver((body) =>
    isStrict && numbersIn(body).some((n) => n % 10 === 3) ? 400 : 200,
  );
  const folder = await aFolder();
  const { processor, status, emit, warnings } = processorTo(receiver.url, 100, folder, 100_000);
  emit(30);
  await processor.delivered();
  expect(status.state).toMatchObject({ exported: 27, lost: { refused: 3 } });
  expect(warnings).toEqual([
    `log records are refused (the server answered 400: {}) and kept in ${folder}/dead-letters.jsonl: ` +
      "resendRefused() sends them again",
  ]);
  const letters = linesOf(await readFile(join(folder, "dead-letters.jsonl")));
  expect(letters.map((line) => JSON.parse(line.toString()) as unknown)).toMatchObject(
    Array.from({ length: 3 }, () => ({
      answer: "the server answered 400: {}",
      records: 1,
      rejected: 1,
    })),
  );
  const again = { spool: folder, endpoint: receiver.url };
  expect(await resendRefused(again)).toEqual({ taken: 0, refused: 3, waiting: 0 });
  expect(
    await resendRefused({ ...again, endpoint: "http://127.0.0.1:1", flushTimeoutMillis: 50 }),
  ).toEqual({
    taken: 0,
    refused: 0,
    waiting: 3,
  });
  isStrict = false;
  expect(await resendRefused(again)).toEqual({ taken: 3, refused: 0, waiting: 0 });
  expect(receiver.records()).toHaveLength(30);
  await processor.shutdown();
  expect(await readdir(folder)).toEqual([]);
});

test("a request of which the server takes a part is kept whole, and what it refused is counted", async () => {
  let answer = `{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}`;
  await using receiver = await otlpReceiver(
    () => 200,
    () => answer,
  );
  const folder = await aFolder();
  const { processor, status, emit } = processorTo(receiver.url, 100, folder, 100_000);
  emit(5);
  await processor.delivered();
  expect(status.state).toMatchObject({
    exported: 3,
    lost: { refused: 2 },
    lastLoss: "refused: the server took a part: too old",
  });
  answer = "{}";
  await appendFile(join(folder, "dead-letters.jsonl"), "no letter\n");
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const again = { spool: folder, endpoint: receiver.url };
  expect(await resendRefused(again)).toEqual({ taken: 5, refused: 0, waiting: 0 });
  const path = join(folder, "dead-letters.jsonl");
  expect(warned.mock.calls[0]?.[0]).toBe(`1 dead letters cannot be read: they stay in ${path}`);
  expect(await readFile(path, "utf8")).toBe("no letter\n");
  warned.mockRestore();
});

test("dead letters are bounded in bytes: past it refused records are lost, and that is said", async () => {
  await using receiver = await otlpReceiver(() => 400);
  const folder = await aFolder();
  const { processor, status, emit, warnings } = processorTo(receiver.url, 100, folder, 100_000);
  emit(50);
  await processor.delivered();
  expect(status.state.lost).toEqual({ refused: 50 });
  expect((await stat(join(folder, "dead-letters.jsonl"))).size).toBeLessThanOrEqual(10_000);
  expect(warnings).toEqual([
    expect.stringContaining("and kept in"),
    expect.stringContaining("dead-letters.jsonl is full"),
  ]);
});

test("resendRefused wants a spool", async () => {
  await expect(resendRefused({})).rejects.toThrow("resendRefused: `spool` is missing");
});

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

test("the record of what was dropped says what the server answered", async () => {
  await using receiver = await otlpReceiver((body) => (body.includes("culprit") ? 400 : 200));
  await using otel = startTelemetry({
    endpoint: receiver.url,
    metrics: "none",
    global: false,
    spool: await aFolder(),
  });
  await using denials = createDenialRecorder({ loggerProvider: otel.loggerProvider });
  for (const cell of ["a", "culprit", "b"]) denials.record(aDenial({ cell }));
  await otel.flush();
  expect(denials.ledger()).toMatchObject({ emitted: 2, dropped: { refused: 1 } });
  expect(denials.health().why).toContain("refused: the server answered 400");
  await expect
    .poll(() => JSON.stringify(receiver.logs), { timeout: 10_000 })
    .toContain("(refused: the server answered 400: {})");
});
