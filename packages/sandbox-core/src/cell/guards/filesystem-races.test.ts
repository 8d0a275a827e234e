import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { empty, type Grounds, grounds } from "../../testing/granted.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

// Another process swaps what a path names, as fast as it can, while the guest uses it.

let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  place = grounds();
  supervisor = new Supervisor({ ...kernelMode, policy: policyOf([place.rule]), pool: 0 });
  cell = await supervisor.spawn("racer");
});

afterAll(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

beforeEach(() => {
  for (const folder of [place.granted, place.outside]) {
    empty(folder);
    mkdirSync(join(folder, "real"));
    writeFileSync(join(folder, "real/file"), folder === place.granted ? "granted" : "secret");
  }
});

/** A process that repeats a program, in which `G` and `O` are the two directories, until it is disposed of. */
async function repeating(program: string): Promise<AsyncDisposable> {
  const source = `const fs = require("fs"), G = ${JSON.stringify(place.granted)}, O = ${JSON.stringify(place.outside)};
    const swap = (from, to) => { fs.symlinkSync(to, G + "/next"); fs.renameSync(G + "/next", G + "/" + from); };
    const quiet = (work) => { try { work(); } catch {} };
    let said = false;
    for (let round = 0; ; round++) { ${program}; if (!said) { said = true; fs.writeSync(1, "going"); } }`;
  const child: ChildProcess = spawn(process.execPath, ["-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout as Readable, "data");
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** How often the guest saw each of its outcomes. */
async function guest(body: string, rounds = 400): Promise<Record<string, number>> {
  return (await cell.exec(`(() => { const fs = require("fs"), G = ${JSON.stringify(place.granted)}, seen = {};
    const note = (what) => { seen[what] = (seen[what] ?? 0) + 1; };
    const attempt = (work) => { try { note(String(work())); } catch (error) { note(error.name === "PolicyError" ? "refused" : error.code ?? error.message); } };
    for (let round = 0; round < ${rounds}; round++) { ${body} }
    return seen; })()`)) as Record<string, number>;
}

test("a symlink that is swapped is read as what was decided, or refused", async () => {
  await using _swapper = await repeating(
    `swap("link", (round % 2 ? G : O) + "/real/file"); swap("dir", (round % 2 ? O : G) + "/real")`,
  );
  const seen = await guest(
    `attempt(() => fs.readFileSync(G + "/link", "utf8")); attempt(() => fs.readFileSync(G + "/dir/file", "utf8"));`,
  );
  expect(
    Object.keys(seen).filter((what) => !["granted", "refused", "EAGAIN"].includes(what)),
  ).toEqual([]);
  expect(seen["granted"]).toBeGreaterThan(0);
  expect(seen["refused"]).toBeGreaterThan(0);
});

test("a directory that gives way to a symlink takes no write with it", async () => {
  await using _swapper = await repeating(
    `quiet(() => fs.mkdirSync(G + "/dir")); quiet(() => fs.renameSync(G + "/dir", G + "/away" + round)); quiet(() => fs.symlinkSync(O + "/real", G + "/dir")); quiet(() => fs.unlinkSync(G + "/dir"))`,
  );
  await guest(`
    attempt(() => fs.writeFileSync(G + "/dir/made" + round, "guest"));
    attempt(() => fs.appendFileSync(G + "/dir/file", "guest"));
    attempt(() => fs.mkdirSync(G + "/dir/folder" + round + "/deep", { recursive: true }));
    attempt(() => fs.rmSync(G + "/dir/file"));`);
  expect(readdirSync(join(place.outside, "real"))).toEqual(["file"]);
  expect(readFileSync(join(place.outside, "real/file"), "utf8")).toBe("secret");
});

test("a tree that is swapped while it is removed takes nothing outside with it", async () => {
  await using _swapper = await repeating(
    `const aside = G + "/aside" + round; fs.mkdirSync(aside); fs.writeFileSync(aside + "/file", ""); quiet(() => fs.mkdirSync(G + "/tree"));
    quiet(() => fs.renameSync(aside, G + "/tree/sub")); quiet(() => fs.renameSync(G + "/tree/sub", aside)); quiet(() => fs.symlinkSync(O + "/real", G + "/tree/sub")); quiet(() => fs.unlinkSync(G + "/tree/sub"))`,
  );
  await guest(`attempt(() => fs.rmSync(G + "/tree", { recursive: true }));`);
  expect(readFileSync(join(place.outside, "real/file"), "utf8")).toBe("secret");
});

test("a file that is replaced as programs replace files is always there, and never refused", async () => {
  const denied = cell.stats.denials;
  await using _writer = await repeating(
    `fs.writeFileSync(G + "/next", "granted"); fs.renameSync(G + "/next", G + "/config")`,
  );
  const seen = await guest(
    `attempt(() => fs.readFileSync(G + "/config", "utf8")); attempt(() => fs.statSync(G + "/config").size); attempt(() => fs.existsSync(G + "/config"));`,
  );
  expect(cell.stats.denials).toBe(denied);
  expect(Object.keys(seen).toSorted()).toEqual(["7", "granted", "true"]);
});

test("a file that comes and goes is written, or is a race that is reported as one", async () => {
  await using _other = await repeating(
    `quiet(() => fs.unlinkSync(G + "/busy")); quiet(() => fs.writeFileSync(G + "/busy", "other"))`,
  );
  const seen = await guest(`attempt(() => fs.writeFileSync(G + "/busy", "guest"));`);
  expect(Object.keys(seen).filter((what) => !["undefined", "EAGAIN"].includes(what))).toEqual([]);
});

test("a file whose folder is exchanged while it is open is used as the file that was opened, or not at all", async () => {
  const FOLDER = `G + "/open"`;
  mkdirSync(join(place.granted, "open"));
  writeFileSync(join(place.granted, "open/file"), "granted");
  await using _swapper = await repeating(
    `fs.renameSync(${FOLDER}, G + "/aside"); quiet(() => fs.symlinkSync(O + "/real", ${FOLDER})); quiet(() => fs.unlinkSync(${FOLDER})); fs.renameSync(G + "/aside", ${FOLDER})`,
  );
  const seen: Record<string, number> = {};
  const isSeen = (): boolean =>
    seen["granted"] !== undefined && (seen["refused"] ?? seen["ESTALE"]) !== undefined;
  // Either is a matter of luck: on a busy machine the one or the other does not happen in hundreds of rounds.
  for (let batch = 0; batch < 60 && !isSeen(); batch++) {
    const found = await guest(
      `const bytes = Buffer.alloc(9);
    attempt(() => {
      const fd = fs.openSync(${FOLDER} + "/file", "r+");
      try {
        for (let use = 0; use < 4; use++) {
          attempt(() => bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, 9, 0)));
          attempt(() => fs.writeSync(fd, "granted", 0));
          attempt(() => fs.ftruncateSync(fd, 7));
          attempt(() => fs.fstatSync(fd).size);
        }
      } finally { fs.closeSync(fd); }
      return "used";
    });`,
      100,
    );
    for (const [what, times] of Object.entries(found)) seen[what] = (seen[what] ?? 0) + times;
  }
  const fine = ["granted", "7", "undefined", "used", "refused", "ESTALE", "ENOENT", "EAGAIN"];
  expect(Object.keys(seen).filter((what) => !fine.includes(what))).toEqual([]);
  expect(seen["granted"]).toBeGreaterThan(0);
  expect((seen["refused"] ?? 0) + (seen["ESTALE"] ?? 0)).toBeGreaterThan(0);
  expect(readFileSync(join(place.outside, "real/file"), "utf8")).toBe("secret");
}, 60_000);
