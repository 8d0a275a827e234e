import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Sandbox } from "@pyisolate/sandbox-core";

import { arena, importing } from "./arena/arena.ts";

// A guest opens files as often as it can, never closes them, guesses numbers, uses what is gone, and gives buffers that change
// meanwhile. It holds a thousand notes at most, and no descriptor.
const root = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-open-")));
const file = path.join(root, "file");
writeFileSync(file, "content");
const rules = [
  importing("node:fs"),
  { id: "open", effect: "allow", capability: "filesystem", paths: [`${root}/**`] },
];

/** How many descriptors the cell's process has. */
function descriptorsOf({ pid }: Sandbox): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

try {
  await arena({ rules, limits: { cpu_ms: 30_000, wall_ms: 60_000 } }, async ({ spawn, events }) => {
    const cell = await spawn();
    await cell.exec(`globalThis.fs = require("node:fs"); globalThis.FILE = ${JSON.stringify(file)};
      globalThis.counts = (what, times) => { const seen = {}; for (let i = 0; i < times; i++) { let came; try { came = what(i) === undefined ? "done" : "given"; } catch (error) { came = error.code ?? error.name; } seen[came] = (seen[came] ?? 0) + 1; } return seen; };
      fs.readSync(fs.openSync(FILE), Buffer.alloc(1)); 0`);
    const before = descriptorsOf(cell);
    assert.deepEqual(await cell.exec(`counts(() => fs.openSync(FILE), 3000)`), {
      given: 1023,
      EMFILE: 1977,
    });
    assert.equal(descriptorsOf(cell), before, "what is open holds no descriptor");

    // Numbers that are none, and those of the process's own descriptors.
    const guesses = `[-1, -0.5, 0, 1, 2, 1027, 2 ** 31, 2 ** 53, NaN, Infinity, "3", 3n, null, {}, [3], Symbol("3")]`;
    assert.deepEqual(
      await cell.exec(
        `[...new Set(${guesses}.flatMap((fd) => [() => fs.readSync(fd, Buffer.alloc(4)), () => fs.writeSync(fd, "x"), () => fs.ftruncateSync(fd), () => fs.fstatSync(fd), () => fs.closeSync(fd)].map((use) => Object.keys(counts(use, 1))[0])))].sort()`,
      ),
      ["EBADF", "ERR_INVALID_ARG_TYPE", "ERR_OUT_OF_RANGE"],
    );

    // A thousand uses at once, of files that are closed while they run.
    const settled = `(async () => { const all = []; for (let fd = 3; fd < 1027; fd++) { all.push(new Promise((go) => fs.read(fd, Buffer.alloc(7), 0, 7, 0, (error, count) => go(error?.code ?? count)))); fs.closeSync(fd); }
      return [...new Set(await Promise.all(all))]; })()`;
    assert.deepEqual(await cell.exec(settled), [7]);
    assert.deepEqual(await cell.exec(`counts((i) => fs.readSync(i + 3, Buffer.alloc(4)), 1024)`), {
      EBADF: 1024,
    });

    // Open and closed for ever, streams that are never read, handles that nothing keeps.
    assert.deepEqual(await cell.exec(`counts(() => fs.closeSync(fs.openSync(FILE)), 3000)`), {
      done: 3000,
    });
    await cell.exec(
      `(async () => { for (let i = 0; i < 400; i++) { fs.createReadStream(FILE).on("error", () => {}); await fs.promises.open(FILE); } })()`,
    );
    await cell.exec(`fs.createWriteStream(FILE + "-new").write("x".repeat(1e6)); 0`);
    // Streams go on after the call: a use that is under way holds what it is decided on. The arena ends a scenario that waits for ever.
    while (descriptorsOf(cell) > before) await sleep(10);

    // Buffers that change, are shared, or are gone by the time that they are filled.
    const changing = `(async () => { const fd = fs.openSync(FILE, "r+"), all = [];
      for (let i = 0; i < 200; i++) { const bytes = new Uint8Array(new ArrayBuffer(7, { maxByteLength: 7 })), shared = new Uint8Array(new SharedArrayBuffer(7));
        all.push(new Promise((go) => fs.read(fd, bytes, 0, 7, 0, go)), new Promise((go) => fs.readv(fd, [shared, bytes], 0, go))); if (i % 2) bytes.buffer.resize(i % 7); else bytes.buffer.transfer(); }
      return (await Promise.all(all)).length; })()`;
    assert.equal(await cell.exec(changing), 400);
    assert.equal(readFileSync(file, "utf8"), "content");
    assert.equal(await cell.exec("6 * 7"), 42);
    assert.deepEqual(events, []);
    return 0;
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}
