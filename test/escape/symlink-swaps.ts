import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";

import { arena, importing } from "./arena/arena.ts";

// Another process keeps swapping what a granted path names, between a file that is granted and one that is not, while the guest reads,
// writes and removes. It gets the granted file or a refusal; never the other file.
const root = mkdtempSync(path.join(tmpdir(), "pyisolate-swap-"));
const open = path.join(root, "open");
const shut = path.join(root, "shut");
for (const folder of [open, shut, path.join(open, "real"), path.join(shut, "real")])
  mkdirSync(folder);
for (const folder of [open, shut]) {
  writeFileSync(path.join(folder, "file"), folder);
  writeFileSync(path.join(folder, "real", "file"), folder);
}

const rules = [
  importing("node:fs"),
  { id: "open", effect: "allow", capability: "filesystem", paths: [open, `${open}/**`] },
];
const attack = `(() => {
  const fs = require("node:fs"), seen = {};
  const note = (what) => { seen[what] = (seen[what] ?? 0) + 1; };
  const attempt = (work) => { try { note(work() ?? "done"); } catch (error) { note(error.name === "PolicyError" ? "refused" : error.code); } };
  for (let i = 0; i < 150; i++) {
    attempt(() => fs.readFileSync("${open}/link", "utf8"));
    attempt(() => fs.readFileSync("${open}/folder/file", "utf8"));
    attempt(() => fs.writeFileSync("${open}/link", "${open}"));
    attempt(() => fs.writeFileSync("${open}/folder/made" + i, "x"));
    attempt(() => fs.rmSync("${open}/folder/made" + i));
    attempt(() => fs.statSync("${open}/folder").isDirectory() ? "folder" : "other");
  }
  return seen;
})()`;

function swap(name: string, target: string): void {
  symlinkSync(target, path.join(root, "next"));
  renameSync(path.join(root, "next"), path.join(open, name));
}

try {
  await arena({ rules, limits: { cpu_ms: 20_000, wall_ms: 40_000 } }, async ({ spawn }) => {
    let due = 0;
    const swapping = new AbortController();
    const swapper = (async () => {
      for (let round = 0; !swapping.signal.aborted; round++) {
        const folder = round % 2 === 0 ? open : shut;
        swap("link", path.join(folder, "file"));
        swap("folder", path.join(folder, "real"));
        await turn();
      }
    })();
    await turn();
    const cells = await Promise.all([spawn(), spawn()]);
    const seen = (await Promise.all(cells.map(async (cell) => await cell.exec(attack)))) as Record<
      string,
      number
    >[];
    swapping.abort();
    await swapper;
    for (const counts of seen) {
      assert.equal(counts[shut], undefined, "the guest read what it may not");
      assert.ok((counts[open] ?? 0) > 0 && (counts["refused"] ?? 0) > 0, JSON.stringify(counts));
      due += counts["refused"] ?? 0;
    }
    assert.equal(
      readFileSync(path.join(shut, "file"), "utf8"),
      shut,
      "the guest wrote where it may not",
    );
    assert.equal(readFileSync(path.join(shut, "real", "file"), "utf8"), shut);
    return due;
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}
