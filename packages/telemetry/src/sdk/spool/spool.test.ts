import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { someReceipts } from "../../testing/batch-receipts.ts";
import { spoolIn } from "../../testing/spool-in.ts";
import type { Spool } from "./spool.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pyisolate-spool-"));
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true });
  });
});

function request(...ids: string[]): Buffer {
  const logRecords = ids.map((id) => ({ body: { stringValue: id } }));
  return Buffer.from(
    JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords }] }] }),
  );
}

function sent(spool: Spool): string[] {
  const bodies: string[] = [];
  for (let batch = spool.next(); batch !== undefined; batch = spool.next()) {
    for (const line of batch.requests) {
      for (const [, id = ""] of line.toString().matchAll(/"stringValue":"(.*?)"/g)) bodies.push(id);
    }
    batch.done();
  }
  return bodies;
}

test("requests come out once, in order, and no file is left", async () => {
  const { spool, status } = spoolIn(directory);
  expect(spool.append(request("a"), someReceipts(1))).toBeUndefined();
  expect(spool.append(request("b", "c"), someReceipts(2))).toBeUndefined();
  expect(spool.waiting).toBe(3);
  expect(sent(spool)).toEqual(["a", "b", "c"]);
  expect(spool.isEmpty).toBe(true);
  expect(await readdir(directory)).toEqual([]);
  expect(status.state).toMatchObject({ lost: {}, failing: undefined });
});

test("what was not taken comes out again, here and in the next process", () => {
  const { spool } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  expect(spool.next()?.receipts).toMatchObject({ records: 1 });
  expect(spool.next()?.receipts).toMatchObject({ records: 1 });
  // Another spool of this process leaves it alone while this one is there.
  expect(sent(spoolIn(directory).spool)).toEqual([]);
  spool.close();
  const { spool: next } = spoolIn(directory);
  expect(next.isEmpty).toBe(false);
  expect(next.waiting).toBe(0);
  expect(next.next()).toMatchObject({ receipts: { records: 0 } });
  expect(sent(next)).toEqual(["a"]);
});

test("past its bound nothing is written, until there is room again", () => {
  const { spool } = spoolIn(directory, 250);
  const reasons = ["a", "b", "c"].map((id) => spool.append(request(id), someReceipts(1)));
  expect(reasons).toEqual([undefined, undefined, "spool_full"]);
  expect(sent(spool)).toEqual(["a", "b"]);
  expect(spool.append(request("d"), someReceipts(1))).toBeUndefined();
  expect(sent(spool)).toEqual(["d"]);
});

test("a folder that is removed is made again, with what was still open", async () => {
  const { spool, status } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  await rm(directory, { recursive: true });
  expect(spool.append(request("b"), someReceipts(1))).toBeUndefined();
  expect(await readdir(directory)).toHaveLength(1);
  expect(sent(spool)).toEqual(["a", "b"]);
  expect(status.state.lost).toEqual({});
});

test("a file that is removed while it waits is reported as lost", async () => {
  const { spool, status, warnings } = spoolIn(directory);
  spool.append(request("a", "b"), someReceipts(2));
  spool.next();
  await rm(directory, { recursive: true });
  spool.append(request("c"), someReceipts(1));
  expect(sent(spool)).toEqual(["c"]);
  expect(status.state).toMatchObject({ lost: { spool_failed: 2 } });
  expect(warnings).toEqual([expect.stringContaining("ENOENT")]);
});

test("a folder that cannot be made takes nothing and breaks nothing", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  const { spool, status, warnings } = spoolIn(join(file, "spool"));
  expect(spool.append(request("a"), someReceipts(1))).toBe("spool_failed");
  expect(spool.next()).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining("records wait in memory")]);
  expect(status.state.spoolFailing?.why).toContain("ENOTDIR");
});

test("foreign files are left alone, torn and broken lines are reported", async () => {
  const { spool } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  spool.close();
  const [segment = ""] = await readdir(directory);
  await appendFile(join(directory, segment), `not json\n{"resourceLogs":[nor this]}\n`);
  await appendFile(join(directory, segment), request("torn").subarray(0, 40));
  await writeFile(join(directory, "notes.txt"), "mine");
  await symlink("/etc/hostname", join(directory, "1763841600000-1-1-00000001.jsonl"));
  const { spool: next, warnings } = spoolIn(directory);
  expect(sent(next)).toEqual(["a"]);
  expect(await readdir(directory)).toEqual([
    "1763841600000-1-1-00000001.jsonl",
    "dead-letters.jsonl",
    "notes.txt",
  ]);
  expect(warnings).toEqual([
    expect.stringContaining("2 files in"),
    expect.stringContaining("3 lines of"),
  ]);
});

test.each([
  ["zeros", (bytes: Buffer) => bytes.fill(0)],
  ["another record", (bytes: Buffer) => request("z").copy(bytes)],
])(
  "a segment in which something else has written %s is lost, and not said to have arrived",
  async (_what, alter) => {
    const { spool, status, warnings } = spoolIn(directory);
    spool.append(request("a"), someReceipts(1));
    const [segment = ""] = await readdir(directory);
    const bytes = await readFile(join(directory, segment));
    alter(bytes);
    await writeFile(join(directory, segment), bytes);
    expect(spool.next()).toBeUndefined();
    expect(status.state).toMatchObject({ lost: { spool_failed: 1 } });
    expect(warnings).toEqual([expect.stringContaining("is not what was written")]);
    expect([spool.waiting, spool.isEmpty]).toEqual([0, true]);
  },
);

test("a segment that another process has cut off is reported as lost", async () => {
  const { spool, status } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  spool.next();
  const [segment = ""] = await readdir(directory);
  await truncate(join(directory, segment), 3);
  expect(sent(spool)).toEqual([]);
  expect(status.state.lost).toEqual({ spool_failed: 1 });
});

test("a file of ours that cannot be read now is kept until it can, and holds up no other", async () => {
  const { spool, status } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  spool.next();
  const [segment = ""] = await readdir(directory);
  const path = join(directory, segment);
  await rename(path, join(directory, "aside"));
  await mkdir(path);
  spool.append(request("b"), someReceipts(1));
  expect(spool.next()).toBeUndefined();
  expect(status.state.lost).toEqual({});
  expect(status.state.spoolFailing?.why).toContain("EISDIR");
  spool.next()?.done();
  await rm(path, { recursive: true });
  await rename(join(directory, "aside"), path);
  expect(sent(spool)).toEqual(["a"]);
  expect(spool.isEmpty).toBe(true);
});

test("of two that find the same file one sends it, and the other has not failed", () => {
  const { spool: dead } = spoolIn(directory);
  dead.append(request("a"), someReceipts(1));
  dead.close();
  const one = spoolIn(directory);
  const other = spoolIn(directory);
  expect(sent(one.spool)).toEqual(["a"]);
  expect(sent(other.spool)).toEqual([]);
  expect(other.status.state.failing).toBeUndefined();
  expect(other.warnings).toEqual([]);
  expect([one.spool.bytes, other.spool.bytes]).toEqual([0, 0]);
});

test("what one has taken no other sends, until it is given back", () => {
  const { spool: dead } = spoolIn(directory);
  dead.append(request("a"), someReceipts(1));
  dead.close();
  const { spool } = spoolIn(directory);
  expect(spool.next()?.requests).toHaveLength(1);
  const { spool: other } = spoolIn(directory);
  expect(sent(other)).toEqual([]);
  spool.adopt();
  expect(spool.orphans.files).toBe(1);
  spool.close();
  expect(spool.bytes).toBe(0);
  other.adopt();
  expect(other.orphans.files).toBe(1);
  expect(sent(other)).toEqual(["a"]);
  expect(other.orphans).toEqual({ files: 0, bytes: 0, unreadable: 0 });
});

test("what cannot be read of a former process is said once, and no failure of ours", async () => {
  await mkdir(join(directory, "aside"));
  const { spool: dead } = spoolIn(directory);
  dead.append(request("a"), someReceipts(1));
  dead.close();
  const { spool, status, warnings } = spoolIn(directory);
  const [segment = ""] = await readdir(directory);
  await rm(join(directory, segment));
  await symlink("/etc/hostname", join(directory, segment));
  for (let n = 0; n < 3; n++) {
    expect(spool.next()).toBeUndefined();
    expect(spool.isEmpty).toBe(true);
  }
  expect(status.state.failing).toBeUndefined();
  expect(warnings.filter((said) => said.includes("is left alone"))).toHaveLength(1);
});

test("an end saves what was still open, and what has been removed is a loss", async () => {
  const { spool, status } = spoolIn(directory);
  spool.append(request("a", "b"), someReceipts(2));
  spool.next();
  spool.append(request("c"), someReceipts(1));
  await rm(directory, { recursive: true });
  spool.close();
  expect(status.state.lost).toEqual({ spool_failed: 2 });
  expect(spool.waiting).toBe(1);
  expect(sent(spoolIn(directory).spool)).toEqual(["c"]);
});

test("a clock that is set back does not close the spool", async () => {
  const file = join(directory, "folder");
  await writeFile(file, "");
  const { spool } = spoolIn(file);
  expect(spool.append(request("a"), someReceipts(1))).toBe("spool_failed");
  await rm(file);
  const clock = vi.spyOn(Date, "now").mockReturnValue(1_700_000_000_000);
  onTestFinished(() => {
    clock.mockRestore();
  });
  await expect
    .poll(() => spool.append(request("a"), someReceipts(1)), { timeout: 5000 })
    .toBe(undefined);
});

test("a thread leaves the files of another one alone", async () => {
  const { spool } = spoolIn(directory);
  spool.append(request("a"), someReceipts(1));
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.names).then(({ isOrphan }) => parentPort.postMessage(workerData.files.map(isOrphan)));`;
  const workerData = {
    names: new URL("../../../dist/sdk/spool/segment-name.js", import.meta.url).href,
    files: await readdir(directory),
  };
  const worker = new Worker(code, { eval: true, workerData });
  const answer = await new Promise((resolve, reject) => {
    worker.once("message", resolve).once("error", reject);
  });
  await worker.terminate();
  expect(answer).toEqual([false]);
});

test("zeros that a power cut left in front of a line do not cost the line", async () => {
  const zeros = Buffer.alloc(4096);
  const lines = [zeros, request("a"), Buffer.from("\n"), zeros, Buffer.from("\n"), request("b")];
  await writeFile(
    join(directory, `1763841600000-${2 ** 31}-1-00000001.jsonl`),
    Buffer.concat([...lines, Buffer.from("\n"), zeros]),
  );
  const { spool, warnings } = spoolIn(directory);
  expect(sent(spool)).toEqual(["a", "b"]);
  expect(warnings).toEqual([expect.stringContaining("1 lines of")]);
});
