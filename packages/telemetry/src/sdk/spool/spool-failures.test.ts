import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { beforeEach, expect, onTestFinished, test } from "vitest";

import { createDenialRecorder } from "../../recorder.ts";
import { startTelemetry } from "../../sdk.ts";
import { someReceipts } from "../../testing/batch-receipts.ts";
import { aDenial } from "../../testing/denials.ts";
import { processorTo } from "../../testing/log-pipeline.ts";
import { attributesOf, otlpReceiver } from "../../testing/otlp-receiver.ts";
import { spoolIn } from "../../testing/spool-in.ts";

/** Some user that is not root: root may write where nothing is writable. */
const USER = 65_534;
const isRoot = process.geteuid?.() === 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pyisolate-luck-"));
  if (isRoot) chownSync(directory, USER, USER);
  onTestFinished(() => {
    process.seteuid?.(process.getuid?.() ?? 0);
    chmodSync(directory, 0o700);
    rmSync(directory, { recursive: true, force: true });
  });
});

function request(...ids: string[]): Buffer {
  const logRecords = ids.map((id) => ({
    attributes: [{ key: "id", value: { stringValue: id } }],
  }));
  return Buffer.from(
    JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords }] }] }),
  );
}

/** Leaves a segment as a process that has ended does. @returns its path. */
function leave(counter: number, ...requests: Buffer[]): string {
  const name = `1763841600000-${2 ** 31}-1-${String(counter).padStart(8, "0")}.jsonl`;
  const path = join(directory, name);
  writeFileSync(path, requests.map((one) => `${one.toString()}\n`).join(""), { mode: 0o600 });
  return path;
}

function unprivileged(): void {
  if (isRoot) process.seteuid?.(USER);
}

test("six processes at once send the records of a dead one once", async () => {
  const ids = Array.from({ length: 24_000 }, (_, n) => `id-${n}`);
  for (let n = 0; n < 48; n++) leave(n, request(...ids.slice(n * 500, (n + 1) * 500)));
  await using receiver = await otlpReceiver();
  const source = `
    import { startTelemetry } from ${JSON.stringify(new URL("../../../dist/sdk.js", import.meta.url).href)};
    const otel = startTelemetry({
      endpoint: ${JSON.stringify(receiver.url)}, metrics: "none", spool: ${JSON.stringify(directory)},
    });
    await otel.flush();
    await otel.shutdown();`;
  const heirs = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "--eval", source], { stdio: "inherit" }),
  );
  for (const exit of heirs.map(async (heir): Promise<unknown> => await once(heir, "exit"))) {
    expect(await exit).toEqual([0, null]);
  }
  const arrived = receiver.records().map(({ attributes }) => attributesOf(attributes)["id"]);
  expect(arrived).toHaveLength(24_000);
  expect(new Set(arrived).size).toBe(24_000);
  expect(readdirSync(directory)).toEqual([]);
}, 60_000);

test("in a folder that cannot be written nothing is sent that could not be removed", () => {
  unprivileged();
  leave(1, request("a"));
  chmodSync(directory, 0o500);
  const { spool, status, warnings } = spoolIn(directory);
  for (let n = 0; n < 3; n++) {
    spool.adopt();
    expect(spool.next()).toBeUndefined();
  }
  expect(spool.orphans.files).toBe(1);
  expect(status.state.spoolFailing?.why).toMatch(/^spool: EACCES/);
  expect(warnings.filter((said) => said.includes("is left alone"))).toHaveLength(1);
  chmodSync(directory, 0o700);
  spool.adopt();
  expect(status.state.spoolFailing).toBeUndefined();
  expect(spool.next()?.requests).toHaveLength(1);
});

test("a sent file that cannot be removed is reported, and no later process sends it", () => {
  unprivileged();
  const { spool, warnings } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  const batch = spool.next();
  chmodSync(directory, 0o500);
  batch?.done();
  chmodSync(directory, 0o700);
  const files = readdirSync(directory);
  expect(files.map((name) => statSync(join(directory, name)).size)).toEqual([0]);
  expect(spool.waiting).toBe(0);
  expect(spool.orphans).toEqual({ files: 1, bytes: 0, unreadable: 0 });
  expect(warnings).toEqual([expect.stringMatching(/is sent and cannot be removed: EACCES/)]);
  spool.adopt();
  expect(spool.next()).toBeUndefined();
});

test("a dead process's file that cannot be removed once it is sent is reported, and sent once", () => {
  unprivileged();
  leave(1, request("a"));
  const { spool, warnings } = spoolIn(directory);
  const batch = spool.next();
  chmodSync(directory, 0o500);
  batch?.done();
  chmodSync(directory, 0o700);
  expect(readdirSync(directory).map((name) => statSync(join(directory, name)).size)).toEqual([0]);
  expect(spool.orphans).toEqual({ files: 1, bytes: 0, unreadable: 0 });
  expect(warnings).toEqual([expect.stringMatching(/is sent and cannot be removed: EACCES/)]);
  spool.adopt();
  expect(spool.next()).toBeUndefined();
});

test("the dead have their bytes apart: the living write up to their own bound", () => {
  for (let n = 0; n < 10; n++) leave(n, request(`dead-${n}`));
  const { spool } = spoolIn(directory, 400);
  expect(spool.orphans).toMatchObject({ files: 10 });
  expect(spool.orphans.bytes).toBeGreaterThan(400);
  expect(spool.append(request("mine"), someReceipts(1))).toBeUndefined();
  expect(spool.waiting).toBe(1);
});

test("a FIFO in place of a segment blocks nothing", () => {
  execFileSync("mkfifo", [join(directory, `1763841600000-${2 ** 31}-1-00000001.jsonl`)]);
  const { spool, status, warnings } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  spool.next();
  const [, mine = ""] = readdirSync(directory);
  unlinkSync(join(directory, mine));
  execFileSync("mkfifo", [join(directory, mine)]);
  expect(spool.next()).toBeUndefined();
  expect(status.state.spoolFailing?.why).toContain("is not a file");
  expect(warnings[0]).toContain("1 files in");
  expect(spool.orphans.files).toBe(0);
});

test.runIf(isRoot)("a segment of another user is not sent, and stays", () => {
  const path = leave(1, request("a"));
  chownSync(path, USER, USER);
  const { spool, warnings } = spoolIn(directory);
  expect(spool.next()).toBeUndefined();
  expect(statSync(path).size).toBeGreaterThan(0);
  expect(warnings).toEqual([expect.stringContaining("are not the spool's")]);
});

test("a segment that has another name is not sent, and stays", () => {
  const path = leave(1, request("a"));
  linkSync(path, join(directory, "other"));
  const { spool, warnings } = spoolIn(directory);
  expect(spool.next()).toBeUndefined();
  expect(spool.orphans.files).toBe(1);
  expect(warnings).toContainEqual(expect.stringContaining("has another name as well"));
});

test("lines of a dead process that are not records are kept, counted and reported, once", () => {
  const cut = request("cut").subarray(0, 30);
  const path = leave(1, request("a"), Buffer.from("no request"), request("b"));
  appendFileSync(path, Buffer.concat([Buffer.from([0xff, 0x0a]), cut]));
  const { spool, warnings } = spoolIn(directory);
  const batch = spool.next();
  expect(batch?.requests).toEqual([request("a"), request("b")]);
  // The lines are kept once the requests have been sent: until then they are in the dead process's own file.
  expect(readdirSync(directory)).not.toContain("dead-letters.jsonl");
  batch?.done();
  expect(readdirSync(directory)).toEqual(["dead-letters.jsonl"]);
  const letters = readFileSync(join(directory, "dead-letters.jsonl"), "utf8").trim().split("\n");
  const answer = `no request in ${basename(path)}`;
  expect(letters.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time: expect.any(String) as string, answer, line: "no request" },
    { time: expect.any(String) as string, answer, base64: "/w==" },
    { time: expect.any(String) as string, answer, line: cut.toString() },
  ]);
  expect(spool.orphans).toEqual({ files: 0, bytes: 0, unreadable: 3 });
  expect(warnings).toEqual([
    `3 lines of ${path} cannot be read as log records: 3 are kept in ${join(directory, "dead-letters.jsonl")}`,
  ]);
  const later = spoolIn(directory);
  expect(later.spool.next()).toBeUndefined();
  expect(later.warnings).toEqual([]);
});

test("of unreadable lines as many are kept as there is room for, and the others are reported as lost", () => {
  const path = leave(1, ...Array.from({ length: 10 }, (_, n) => Buffer.from(`${n}`.repeat(100))));
  const { spool, warnings } = spoolIn(directory, 2000);
  expect(spool.next()).toBeUndefined();
  expect(statSync(join(directory, "dead-letters.jsonl")).size).toBeLessThanOrEqual(500);
  expect(readdirSync(directory)).toEqual(["dead-letters.jsonl"]);
  expect(spool.orphans).toEqual({ files: 0, bytes: 0, unreadable: 10 });
  expect(warnings).toEqual([
    expect.stringMatching(
      /^10 lines of .*: 2 are kept in .*, 8 are lost, .*dead-letters.jsonl is full/,
    ),
  ]);
  expect(warnings[0]).toContain(path);
});

test("a folder that every user can write to is said once", () => {
  chmodSync(directory, 0o777);
  const { spool, warnings } = spoolIn(directory);
  spool.adopt();
  expect(warnings).toEqual([expect.stringContaining("every user can write to")]);
});

test("a spool that failed once is used again, also for what waits in memory", async () => {
  const folder = join(directory, "spool");
  writeFileSync(folder, "");
  const { processor, status, emit } = processorTo("http://127.0.0.1:1", 100, folder, 1e6);
  emit(50);
  await Promise.resolve();
  expect([processor.waiting, processor.onDisk]).toEqual([50, 0]);
  expect(status.state.spoolFailing?.why).toContain("EEXIST");
  rmSync(folder);
  await expect.poll(() => processor.onDisk, { timeout: 5000 }).toBeGreaterThanOrEqual(40);
  expect(status.state.spoolFailing).toBeUndefined();
  await processor.shutdown();
  expect(status.state.lost).toEqual({});
  expect([processor.waiting, processor.onDisk]).toEqual([50, 50]);
});

test("a spool that failed once is well again when its disk is, though there is nothing to write", async () => {
  const folder = join(directory, "spool");
  writeFileSync(folder, "");
  const { processor, status } = processorTo("http://127.0.0.1:1", 100, folder, 1e6);
  expect(status.state.spoolFailing?.why).toContain("EEXIST");
  rmSync(folder);
  await expect.poll(() => status.state.spoolFailing, { timeout: 10_000 }).toBeUndefined();
  await processor.shutdown();
}, 20_000);

test("an orderly end puts on disk what waits in memory, at once", async () => {
  const folder = join(directory, "spool");
  writeFileSync(folder, "");
  const { processor, status, emit } = processorTo("http://127.0.0.1:1", 100, folder, 1e6);
  emit(50);
  await Promise.resolve();
  rmSync(folder);
  await processor.shutdown();
  expect(status.state.lost).toEqual({});
  expect([processor.waiting, processor.onDisk]).toEqual([50, 50]);
});

test("an end that has no time puts on disk what the recorder still holds", async () => {
  const folder = join(directory, "spool");
  const otel = startTelemetry({
    endpoint: "http://127.0.0.1:1",
    metrics: "none",
    global: false,
    spool: folder,
    shutdownTimeoutMillis: 1,
  });
  const denials = createDenialRecorder({ loggerProvider: otel.loggerProvider });
  // Some of them wait in the ring, and others to be counted together at the end of their second.
  for (let n = 0; n < 3000; n++) denials.record(aDenial());
  await otel.shutdown();
  expect(denials.ledger()).toMatchObject({ denied: 3000, emitted: 0, dropped: {} });
  expect(otel.delivery()).toMatchObject({ lost: {}, waiting: otel.delivery().onDisk });
  expect(otel.delivery().onDisk).toBeGreaterThan(400);
  await denials.shutdown();
  expect(denials.ledger()).toMatchObject({ denied: 3000, pending: 3000, dropped: {} });
});

test("a spool that cannot be written is degraded, though records arrive", async () => {
  await using receiver = await otlpReceiver();
  const file = join(directory, "file");
  writeFileSync(file, "");
  await using otel = startTelemetry({
    endpoint: receiver.url,
    metrics: "none",
    global: false,
    spool: join(file, "spool"),
  });
  await using denials = createDenialRecorder({ loggerProvider: otel.loggerProvider });
  for (let n = 0; n < 3; n++) {
    denials.record(aDenial());
    await otel.flush();
    expect(denials.health()).toMatchObject({
      state: "degraded",
      why: expect.stringContaining("spool: ENOTDIR") as string,
    });
  }
  expect(receiver.records()).toHaveLength(3);
});
