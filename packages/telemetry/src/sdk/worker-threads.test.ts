import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { beforeEach, expect, onTestFinished, test } from "vitest";

import { attributesOf, otlpReceiver } from "../testing/otlp-receiver.ts";

const DIST = new URL("../../dist/", import.meta.url).href;

/** Denials of the main thread and of each of two workers, all at once, of one cell's name. */
const DENIALS = 600;

/** The same program is the main thread and its workers. `ends` is how a thread ends. */
function program(endpoint: string, { spool = "", ends = "await otel.shutdown();" } = {}): string {
  return `
    import { isMainThread, Worker } from "node:worker_threads";
    import { once } from "node:events";
    import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    const workers = isMainThread ? [1, 2].map(() => new Worker(new URL(import.meta.url))) : [];
    const ended = workers.map((worker) => once(worker, "exit"));
    const otel = startTelemetry({
      serviceName: "uploads",
      endpoint: ${JSON.stringify(endpoint)},
      ${spool === "" ? "" : `spool: ${JSON.stringify(spool)},`}
      shutdownTimeoutMillis: 4000,
    });
    const denials = createDenialRecorder();
    for (let n = 0; n < ${DENIALS}; n++) {
      denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(ended);
    ${ends}
  `;
}

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pyisolate-threads-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true });
  });
});

async function run(text: string): Promise<{ stdout: string; stderr: string }> {
  const file = join(folder, "threads.mjs");
  await writeFile(file, text);
  return await promisify(execFile)(process.execPath, [file]);
}

type Receiver = Awaited<ReturnType<typeof otlpReceiver>>;

/** Denials that arrived in records, each once. */
function recorded(receiver: Receiver) {
  const records = receiver.records().map(({ attributes }) => attributesOf(attributes));
  const ids = new Set(records.map((attributes) => attributes["pyisolate.denial.id"]));
  expect(ids.size).toBe(records.length);
  return records.reduce((sum, each) => sum + Number(each["pyisolate.denial.count"]), 0);
}

/** The last count of each instance of the service. */
function counted(receiver: Receiver): number[] {
  const counts = new Map<string, number>();
  for (const { resource, scopeMetrics } of receiver.metrics.flatMap(
    (each) => each.resourceMetrics,
  )) {
    const instance = String(attributesOf(resource.attributes)["service.instance.id"]);
    const denials = scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ name }) => name === "pyisolate.denials");
    counts.set(instance, Number(denials?.sum?.dataPoints[0]?.asInt));
  }
  return [...counts.values()];
}

test.each([
  ["are shut down", "await otel.shutdown();"],
  ["just end", ""],
])(
  "main thread and workers that %s lose nothing and count nothing twice",
  async (_how, ends) => {
    await using receiver = await otlpReceiver();
    const { stderr } = await run(program(receiver.url, { ends }));
    expect(stderr).toBe("");
    expect(recorded(receiver)).toBe(3 * DENIALS);
    expect(counted(receiver)).toEqual([DENIALS, DENIALS, DENIALS]);
  },
  20_000,
);

test("threads share a spool's folder, and what they leave in it in an outage arrives once", async () => {
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  const spool = join(folder, "spool");
  // As abruptly as a thread can end by itself.
  await run(program(receiver.url, { spool, ends: "process.exit();" }));
  expect((await readdir(spool)).length).toBeGreaterThanOrEqual(3);
  status = 200;
  const next = `
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    const otel = startTelemetry({ endpoint: ${JSON.stringify(receiver.url)}, spool: ${JSON.stringify(spool)} });
    await otel.shutdown();
  `;
  await run(next);
  expect(recorded(receiver)).toBe(3 * DENIALS);
  expect((await readdir(spool)).filter((name) => name.endsWith(".jsonl"))).toEqual([]);
}, 20_000);

test("a recorder in a worker without telemetry of its own is blind, and says so", async () => {
  await using receiver = await otlpReceiver();
  const { stdout } = await run(`
    import { isMainThread, Worker } from "node:worker_threads";
    import { createDenialRecorder } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    if (isMainThread) {
      const otel = startTelemetry({ endpoint: ${JSON.stringify(receiver.url)} });
      const worker = new Worker(new URL(import.meta.url));
      worker.on("message", (text) => console.log(text));
      worker.on("exit", async () => await otel.shutdown());
    } else {
      const { parentPort } = await import("node:worker_threads");
      const denials = createDenialRecorder();
      parentPort.postMessage(JSON.stringify(denials.health()));
      await denials.shutdown();
    }
  `);
  expect(JSON.parse(stdout)).toMatchObject({
    state: "blind",
    why: expect.stringContaining("no provider") as string,
  });
}, 20_000);
