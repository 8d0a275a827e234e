import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { startTelemetry } from "../sdk.ts";

// Against the built package: a child process has no vitest to compile for it.
const DIST = new URL("../../dist/", import.meta.url).href;

/** For two busy cores, milliseconds. An end that nothing bounds takes 17 s and more. */
const SLACK = 8000;

async function ended(endpoint: string, program: string) {
  const source = `
    import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    const otel = startTelemetry({
      serviceName: "plugins",
      endpoint: ${JSON.stringify(endpoint)},
      flushTimeoutMillis: 1000,
      shutdownTimeoutMillis: 1000,
    });
    const denials = createDenialRecorder({ shutdownTimeoutMillis: 1000 });
    for (let seq = 1; seq <= 100; seq++) {
      denials.record(denialEvent({ cell: "tenant-" + seq, capability: "random", operation: "read" }));
    }
    const began = performance.now();
    process.on("exit", () => process.stdout.write(String(performance.now() - began)));
    ${program}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let warnings = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (warnings += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, warnings, millis: Number(output) };
}

async function hangingServer(): Promise<Server> {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

test("without a Collector a program ends when its shutdown is over, and says so", async () => {
  const { code, warnings, millis } = await ended("http://127.0.0.1:1", "await otel.shutdown();");
  expect(code).toBe(0);
  expect(millis).toBeLessThan(1000 + SLACK);
  expect(warnings).toContain(
    "is the Collector up? (connect ECONNREFUSED 127.0.0.1:1) 100 log records are lost",
  );
}, 20_000);

test("both ends together wait no longer than both bounds", async () => {
  const program = "await denials.shutdown(); await otel.shutdown();";
  const { millis } = await ended("http://127.0.0.1:1", program);
  // The recorder gives the last counts a second of their own.
  expect(millis).toBeLessThan(3000 + SLACK);
}, 20_000);

test("a shutdown with closed cells to report waits no longer", async () => {
  const program = `
    for (let cell = 0; cell < 3000; cell++) {
      denials.record(denialEvent({ cell: "t" + cell, capability: "random", operation: "read" }));
      denials.closed({ cell: "t" + cell, denials: 1, allowed: 0, cause: "closed" });
    }
    await denials.shutdown();`;
  const { code, millis } = await ended("http://127.0.0.1:1", program);
  expect(code).toBe(0);
  expect(millis).toBeLessThan(2000 + SLACK);
}, 20_000);

test("a program that only flushes ends too, and what waits is not yet lost", async () => {
  const { code, warnings, millis } = await ended("http://127.0.0.1:1", "await otel.flush();");
  expect(code).toBe(0);
  expect(millis).toBeLessThan(1000 + SLACK);
  expect(warnings).toContain("100 log records wait");
}, 20_000);

test("a Collector that takes the connection and never answers does not hold the end up", async () => {
  const server = await hangingServer();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, warnings, millis } = await ended(endpoint, "await otel.shutdown();");
  server.closeAllConnections();
  server.close();
  expect(code).toBe(0);
  expect(millis).toBeLessThan(1000 + SLACK);
  expect(warnings).toContain("100 log records are lost");
}, 20_000);

test("a shutdown warns of records that wait on disk and of lost ones by different words", async () => {
  const directory = await mkdtemp(join(tmpdir(), "pyisolate-end-"));
  const warnings: string[] = [];
  const listener = ({ message }: Error) => warnings.push(message);
  process.on("warning", listener);
  const otel = startTelemetry({
    endpoint: "http://127.0.0.1:1",
    metrics: "none",
    global: false,
    spool: { directory, maxBytes: 65_536 },
    shutdownTimeoutMillis: 100,
  });
  const logger = otel.loggerProvider.getLogger("test");
  for (const count of [20, 1000]) {
    for (let n = 0; n < count; n++) logger.emit({ body: `record number ${n}` });
    await Promise.resolve();
  }
  await otel.shutdown();
  await expect.poll(() => warnings).toHaveLength(1);
  process.off("warning", listener);
  await rm(directory, { recursive: true });
  const { onDisk, lost } = otel.delivery();
  // Those of the thousand that have room go to disk at the end.
  expect(onDisk).toBeGreaterThan(20);
  expect(onDisk).toBeLessThan(1020);
  expect(warnings[0]).toContain(
    `${onDisk} log records wait in the spool, ${1020 - onDisk} log records are lost`,
  );
  expect(otel.delivery()).toEqual({
    exported: 0,
    waiting: onDisk,
    onDisk,
    lost: { shutdown: 1020 - onDisk },
    orphans: { files: 0, bytes: 0, unreadable: 0 },
  });
  expect(Object.keys(lost)).toEqual(["shutdown"]);
});
