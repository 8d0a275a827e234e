import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { launch, LAUNCHER } from "../testing/confined.ts";

// Node, confined by the launcher, with the addon: each kind of thread that Node has opens a file before and after.

const ADDON = path.join(path.dirname(LAUNCHER), "pyisolate-narrow.node");
/** To execute, to read files and to list. */
const ALL = "d:/";

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-narrow-")));
  for (const folder of ["kept", "taken"]) {
    mkdirSync(path.join(root, folder));
    writeFileSync(path.join(root, folder, "file"), folder);
  }
});
afterAll(() => rmSync(root, { recursive: true }));

/** Runs a program in a confined Node, and gives what it says. `narrow(options, threads)`, `threads()` and `tries(file)` are there. */
async function inNode(program: string): Promise<unknown> {
  const source = `
    const fs = require("node:fs"), { Worker } = require("node:worker_threads");
    const addon = { exports: {} };
    process.dlopen(addon, ${JSON.stringify(ADDON)});
    const threads = () => fs.readdirSync("/proc/self/task").map(Number);
    const narrow = (options, ids = threads()) => {
      const head = Buffer.alloc(4 + 4 * ids.length);
      [ids.length, ...ids].forEach((number, at) => head.writeUInt32LE(number, 4 * at));
      return addon.exports(Buffer.concat([head, Buffer.from(options.map((one) => one + "\\0").join(""))]));
    };
    const worker = new Worker(\`
      const { parentPort } = require("node:worker_threads"), fs = require("node:fs");
      parentPort.on("message", (file) => {
        try { fs.readFileSync(file); parentPort.postMessage("read"); } catch ({ code }) { parentPort.postMessage(code); }
      });\`, { eval: true });
    const sync = (file) => { try { fs.readFileSync(file); return "read"; } catch ({ code }) { return code; } };
    const inWorker = (file) => new Promise((resolve) => { worker.once("message", resolve); worker.postMessage(file); });
    const inPool = (file) => fs.promises.readFile(file).then(() => "read", ({ code }) => code);
    // More at once than the pool has threads, so that each has some.
    const tries = async (file) =>
      [...new Set([sync(file), await inWorker(file), ...(await Promise.all(Array.from({ length: 32 }, () => inPool(file))))])];
    const [kept, taken] = ${JSON.stringify(["kept", "taken"].map((name) => path.join(root, name, "file")))};
    (async () => { ${program} })().then((said) => { process.stdout.write(JSON.stringify(said)); process.exit(); });`;
  const { stdout, stderr, code, signal } = await launch(
    ["1", "abi=7", `need=${ALL}`, "commands=1", "--", process.execPath, "--eval", source],
    { env: { OPENSSL_CONF: "" } },
  );
  expect([stderr, code, signal]).toEqual(["", 0, null]);
  return JSON.parse(stdout) as unknown;
}

const kept = (): string =>
  JSON.stringify(["abi=5", "path=c:/proc", `path=4:${path.join(root, "kept")}`]);

test("every thread loses what the new plan leaves out, and keeps what it names", async () => {
  const said = await inNode(`
    const before = [await tries(kept), await tries(taken)];
    const result = narrow(${kept()});
    return [...before, result, await tries(kept), await tries(taken), threads().length > 8];`);
  expect(said).toEqual([["read"], ["read"], 0, ["read"], ["EACCES"], true]);
});

test("a thread that is not named keeps what it had; it loses it where it is named later", async () => {
  const said = await inNode(`
    await tries(kept);
    const others = threads().filter((id) => id !== process.pid);
    const first = narrow(${kept()}, [process.pid]);
    const between = [sync(taken), await inWorker(taken)];
    return [first, ...between, narrow(${kept()}, others), await tries(taken)];`);
  expect(said).toEqual([0, "EACCES", "read", 0, ["EACCES"]]);
});

test("at the most layers it says E2BIG, and changes nothing", async () => {
  const said = await inNode(`
    await tries(kept);
    const results = Array.from({ length: 17 }, () => narrow(["abi=5", "path=d:/"]));
    return [results, narrow(${kept()}), await tries(taken)];`);
  // 16, of which the launcher has one.
  expect(said).toEqual([[...Array<number>(15).fill(0), 7, 7], 7, ["read"]]);
});

test("a thread that is gone counts as restricted", async () => {
  expect(await inNode(`return [narrow(${kept()}, [process.pid, 4194303]), sync(taken)];`)).toEqual([
    0,
    "EACCES",
  ]);
});

test("what cannot be understood, or is not a plan, leaves all as it was and no descriptor behind", async () => {
  const said = await inNode(`
    const open = () => fs.readdirSync("/proc/self/fd").length;
    await tries(kept);
    narrow(["abi=5", "path=d:/"]);
    const before = open();
    const results = [["abi=5", "path=zz:/"], ["abi=5", "need=4:/no/such"], ["path=4:relative"], ["what=1"], ["abi=0"], [], ["abi=99"]].map((one) => narrow(one));
    const bodies = [Buffer.alloc(0), Buffer.alloc(3), Buffer.from([255, 255, 255, 255]), Buffer.from([1, 0, 0, 0]), Buffer.from([0, 0, 0, 0, 65])];
    return [results, bodies.map((body) => addon.exports(body)), addon.exports(), addon.exports(7), open() - before, await tries(taken)];`);
  expect(said).toEqual([[22, 2, 22, 22, 38, 38, 22], [22, 22, 22, 22, 22], 22, 22, 0, ["read"]]);
});

test("threads that run JavaScript, wait or read meanwhile go on", async () => {
  const said = await inNode(`
    const busy = new Worker("let n = 0; const end = Date.now() + 1500; while (Date.now() < end) n += 1; require('node:worker_threads').parentPort.postMessage(n > 0)", { eval: true });
    const finished = new Promise((resolve) => { busy.once("message", resolve); busy.once("error", resolve); });
    const slept = new Worker("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500); require('node:worker_threads').parentPort.postMessage('slept')", { eval: true });
    const woke = new Promise((resolve) => slept.once("message", resolve));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const hashes = Array.from({ length: 200 }, () => new Promise((resolve) => require("node:crypto").pbkdf2("x", "y", 5000, 32, "sha256", (error) => resolve(error === null))));
    const results = [];
    for (let round = 0; round < 10; round++) { results.push(narrow(["abi=5", "path=d:/"])); await new Promise(setImmediate); }
    return [results, narrow(${kept()}), await finished, await woke, new Set(await Promise.all(hashes)).size, await tries(taken)];`);
  expect(said).toEqual([Array<number>(10).fill(0), 0, true, "slept", 1, ["EACCES"]]);
});
