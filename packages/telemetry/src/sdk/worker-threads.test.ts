import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
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

/** Starts the program, signals it once all its threads have denied, and waits for its end. */
async function terminated(text: string) {
  const file = join(folder, "threads.mjs");
  await writeFile(file, text);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  const closed = once(child, "close");
  await once(child.stdout, "data");
  const at = performance.now();
  child.kill("SIGTERM");
  const [code, endedBy] = (await closed) as [number | null, NodeJS.Signals | null];
  return { code, endedBy, said, millis: performance.now() - at };
}

/** A service whose two workers deny, and which then goes on until it is ended. @param late What a worker does once it has denied. */
function service(endpoint: string, { spool = "", late = "", main = "", timeout = 8000 } = {}) {
  return `
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import { once } from "node:events";
    import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    const workers = isMainThread ? [1, 2].map(() => new Worker(new URL(import.meta.url))) : [];
    const ready = workers.map((worker) => once(worker, "message"));
    startTelemetry({
      serviceName: "uploads",
      endpoint: ${JSON.stringify(endpoint)},
      ${spool === "" ? "" : `spool: ${JSON.stringify(spool)},`}
      shutdownTimeoutMillis: ${timeout},
    });
    const denials = createDenialRecorder();
    setInterval(() => {}, 1000);
    await Promise.all(ready);
    ${main}
    for (let n = 0; n < ${DENIALS}; n++) {
      denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
    }
    if (isMainThread) process.stdout.write("up");
    else {
      parentPort.postMessage("denied");
      ${late}
    }
  `;
}

const BY_SIGNAL = { code: null, endedBy: "SIGTERM" };

test("SIGTERM sends what the workers hold, then ends the process", async () => {
  await using receiver = await otlpReceiver();
  const end = await terminated(service(receiver.url));
  expect(end).toMatchObject({ ...BY_SIGNAL, said: "" });
  expect(recorded(receiver)).toBe(3 * DENIALS);
  expect(counted(receiver)).toEqual([DENIALS, DENIALS, DENIALS]);
}, 40_000);

test("SIGTERM in an outage puts what the workers hold into their spool, and says so", async () => {
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  const spool = join(folder, "spool");
  const end = await terminated(service(receiver.url, { spool, timeout: 1000 }));
  expect(end).toMatchObject(BY_SIGNAL);
  expect(end.said.match(/log records wait in the spool/g)).toHaveLength(3);
  status = 200;
  await run(`
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    const otel = startTelemetry({ endpoint: ${JSON.stringify(receiver.url)}, spool: ${JSON.stringify(spool)} });
    await otel.shutdown();
  `);
  expect(recorded(receiver)).toBe(3 * DENIALS);
}, 40_000);

test("SIGTERM without a spool says for each thread how many records are lost", async () => {
  const end = await terminated(service("http://127.0.0.1:1", { timeout: 500 }));
  expect(end).toMatchObject(BY_SIGNAL);
  expect(end.said.match(/\d+ log records are lost/g)).toHaveLength(3);
}, 40_000);

test("a worker that is busy when SIGTERM comes is reported, and holds up the end for a second", async () => {
  await using receiver = await otlpReceiver();
  const end = await terminated(service(receiver.url, { late: "for (;;);" }));
  expect(end).toMatchObject(BY_SIGNAL);
  expect(end.said.match(/thread \d+ gave no answer before the process ends/g)).toHaveLength(2);
  expect(recorded(receiver)).toBe(DENIALS);
  expect(end.millis).toBeLessThan(10_000);
}, 40_000);

test("a worker that was terminated is not waited for", async () => {
  await using receiver = await otlpReceiver();
  const main = "for (const worker of workers) await worker.terminate();";
  const end = await terminated(service(receiver.url, { main }));
  expect(end).toMatchObject({ ...BY_SIGNAL, said: "" });
}, 40_000);

test("where the service listens for SIGTERM the workers are flushed, and go on", async () => {
  await using receiver = await otlpReceiver();
  const main = `if (isMainThread) process.on("SIGTERM", () => {
    setTimeout(() => { for (const worker of workers) worker.postMessage("more"); }, 1500);
    setTimeout(() => process.exit(7), 5000);
  });
  else parentPort.on("message", () => {
    denials.record(denialEvent({ cell: "late", capability: "random", operation: "read" }));
  });`;
  const end = await terminated(service(receiver.url, { main }));
  expect(end).toMatchObject({ code: 7, endedBy: null });
  expect(recorded(receiver)).toBe(3 * DENIALS + 2);
}, 40_000);
