import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { empty, type Grounds, grounds } from "../../testing/granted.ts";
import { surroundings } from "../../testing/guard-surroundings.ts";
import { mkdir } from "./filesystem.ts";
import { type AskAgain, type Guard, Refused } from "./guard.ts";
import { readdir } from "./list.ts";
import { rm } from "./remove.ts";

// An operation of many steps is under way in a tree that the policy grants, and the operator moves the tree to where it does not.

let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  place = grounds();
  supervisor = new Supervisor({ policy: policyOf([place.rule]), pool: 0 });
  cell = await supervisor.spawn("remover");
});

afterAll(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

beforeEach(() => {
  for (const folder of [place.granted, place.outside]) empty(folder);
});

/** Ways in which the granted `path` comes to be `away`, which is outside. */
const MOVES = {
  moved: (path: string, away: string): void => renameSync(path, away),
  "moved, with a symlink left in its place": (path: string, away: string): void => {
    renameSync(path, away);
    symlinkSync(away, path);
  },
  "exchanged for another tree": (path: string, away: string): void => {
    const other = `${away}-before`;
    plant(other, 5);
    renameSync(path, away);
    renameSync(other, path);
  },
};

/** A directory with files in it. */
function plant(directory: string, files: number): void {
  mkdirSync(directory, { recursive: true });
  for (let at = 0; at < files; at++) writeFileSync(join(directory, `file${at}`), "");
}

/** Performs an operation as granted, with `meanwhile` at the nth time that it asks for more. */
function interrupted(
  nth: number,
  meanwhile: () => void,
  guard: Guard,
  ...args: Parameters<Guard>[0]
): { refused: string[]; answer: unknown } {
  const refused: string[] = [];
  let asks = 0;
  const ask = (target: string): { ok: true } => {
    asks += 1;
    if (asks === nth) meanwhile();
    if (target.startsWith(`${place.granted}/`)) return { ok: true };
    refused.push(target);
    throw new Refused({ ok: false, capability: "filesystem", reason: "no_rule", id: target });
  };
  const prepared = guard(args, "sync", surroundings());
  try {
    return { refused, answer: prepared.perform({ ok: true }, ask as AskAgain) };
  } catch (error) {
    return { refused, answer: error };
  } finally {
    prepared.release?.();
    expect(asks).toBeGreaterThanOrEqual(nth);
  }
}

describe("a tree that is moved between two steps of its removal is left as it is", () => {
  describe.each(Object.entries(MOVES))("%s", (how, move) => {
    test.each([
      ["the tree itself", "tree", "tree"],
      ["a directory in it", "tree", "tree/sub/deep"],
      ["a directory above it", "above/tree", "above"],
    ])("%s", (_what, removed, what) => {
      const tree = join(place.granted, removed);
      const away = join(place.outside, "away");
      plant(join(tree, "sub/deep"), 5);
      const left = (): string[] =>
        existsSync(away) ? readdirSync(away, { recursive: true, encoding: "utf8" }) : [];
      let atTheMove: string[] = [];
      const { answer, refused } = interrupted(
        5,
        () => {
          move(join(place.granted, what), away);
          atTheMove = left();
        },
        rm,
        tree,
        true,
      );
      expect(atTheMove.length).toBeGreaterThan(0);
      expect(left()).toEqual(atTheMove);
      // The decided path leads to nothing any more, or by a symlink to another place, which was asked for by its real path.
      const isLinked = what === "above" && how.includes("symlink");
      expect(refused).toEqual(isLinked ? [join(away, "tree")] : []);
      expect(answer instanceof Refused).toBe(isLinked);
      expect(existsSync(tree)).toBe(isLinked);
    });
  });

  test.each([
    ["as the path that is not there", false],
    ["with `force`, not at all", true],
  ])("and is told of %s", (_how, force) => {
    const tree = join(place.granted, "tree");
    const away = join(place.outside, "away");
    plant(tree, 5);
    const { answer } = interrupted(3, () => renameSync(tree, away), rm, tree, true, force);
    expect([answer]).toMatchObject([
      force ? undefined : { fields: { code: "ENOENT", syscall: "lstat", path: tree } },
    ]);
    expect(readdirSync(away)).toHaveLength(3);
  });
});

describe("a tree that is moved while it is listed tells nothing of where it went", () => {
  describe.each(Object.entries(MOVES))("%s", (_how, move) => {
    test.each([
      ["the tree itself", "tree", "tree", "sub/deep"],
      ["a directory in it", "tree", "tree/sub/deep", "."],
      ["a directory above it", "above/tree", "above", "tree/sub/deep"],
    ])("%s", (_what, listed, what, deep) => {
      const tree = join(place.granted, listed);
      const away = join(place.outside, "away");
      plant(join(tree, "sub/deep"), 5);
      const { answer, refused } = interrupted(
        2,
        () => {
          move(join(place.granted, what), away);
          writeFileSync(join(away, deep, "secret"), "");
        },
        readdir,
        tree,
        false,
        null,
        true,
      );
      // What is listed is what stands at the decided path by then; where that is a symlink, it was asked for.
      expect(String(answer)).not.toContain("secret");
      for (const path of refused) expect(path.startsWith(away)).toBe(true);
      expect(answer instanceof Refused).toBe(refused.length > 0);
    });
  });
});

describe("a directory that is moved while directories are made in it gets none", () => {
  test.each(Object.entries(MOVES))("%s", (how, move) => {
    const base = join(place.granted, "base");
    const away = join(place.outside, "away");
    const made = join(base, "a/b/c");
    mkdirSync(base);
    const { answer, refused } = interrupted(2, () => move(base, away), mkdir, made, true);
    expect(readdirSync(away)).toEqual([]);
    const isLinked = how.includes("symlink");
    expect(refused).toEqual(isLinked ? [join(away, "a/b/c")] : []);
    expect(answer instanceof Refused).toBe(isLinked);
    expect(existsSync(made)).toBe(!isLinked);
  });
});

/** What another process prints, in which `fs`, `below`, the number of entries of a tree, and two paths are known. */
async function elsewhere(granted: string, outside: string, program: string): Promise<string> {
  const source = `const fs = require("fs"), G = ${JSON.stringify(granted)}, O = ${JSON.stringify(outside)};
    const below = (path) => fs.readdirSync(path, { recursive: true }).length;
    ${program}`;
  const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return said;
}

/** The window that is left: the check and the system call that follows it are two. */
const ONE_STEP = 1;

describe("a tree that another process moves away while it is removed keeps what is in it, 8 of 8 times", () => {
  test.each([
    ["moved", "rmSync", "fs.renameSync(T, A)"],
    [
      "moved, with a symlink left in its place",
      "promises.rm",
      "fs.renameSync(T, A); fs.symlinkSync(A, T)",
    ],
    [
      "exchanged for another tree",
      "rmSync",
      'fs.mkdirSync(A + "-before"); fs.renameSync(T, A); fs.renameSync(A + "-before", T)',
    ],
    [
      "below a directory that is moved, with a symlink left in its place",
      "promises.rm",
      `fs.rmdirSync(O + "/" + run); fs.renameSync(G + "/" + run, O + "/" + run); fs.symlinkSync(O + "/" + run, G + "/" + run)`,
    ],
  ])("%s, by %s", { timeout: 90_000 }, async (_how, operation, move) => {
    // The mover may come too late for some.
    const runs = Array.from({ length: 16 }, (_, run) => String(run));
    for (const run of runs) {
      plant(join(place.granted, run, "tree/sub"), 400);
      mkdirSync(join(place.outside, run));
    }
    const waits = join(place.outside, "mover-waits");
    const mover = elsewhere(
      place.granted,
      place.outside,
      `fs.writeFileSync(${JSON.stringify(waits)}, "");
       const atTheMove = ${JSON.stringify(runs)}.map((run) => {
         const T = G + "/" + run + "/tree", A = O + "/" + run + "/tree";
         try { while (below(T) > 390); ${move}; return below(A); } catch { return 0; }
       });
       fs.writeSync(1, JSON.stringify(atTheMove));`,
    );
    await expect.poll(() => existsSync(waits), { timeout: 20_000 }).toBe(true);
    for (const run of runs) {
      await cell
        .exec(
          `require("fs").${operation}(${JSON.stringify(join(place.granted, run, "tree"))}, { recursive: true })`,
        )
        .catch((error: unknown) => error);
    }
    const moved = (JSON.parse(await mover) as number[])
      .map((atTheMove, run) => ({ atTheMove, away: join(place.outside, String(run), "tree") }))
      .filter(({ atTheMove }) => atTheMove > 0);
    expect(moved.length).toBeGreaterThanOrEqual(8);
    for (const { atTheMove, away } of moved)
      expect(atTheMove - readdirSync(away, { recursive: true }).length).toBeLessThanOrEqual(
        ONE_STEP,
      );
  });
});

test("a directory that another process moves away gets no more directories made in it, however often", async () => {
  const base = join(place.granted, "base");
  mkdirSync(base);
  const state = { going: true };
  const mover = elsewhere(
    place.granted,
    place.outside,
    `const T = G + "/base", A = O + "/base";
     const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); };
     let more = 0;
     for (let round = 0; round < 40; round++) {
       fs.mkdirSync(T, { recursive: true });
       spin(Math.random() * 3);
       fs.renameSync(T, A);
       const before = below(A);
       spin(2);
       more = Math.max(more, below(A) - before);
       for (;;) try { fs.rmSync(A, { recursive: true, force: true }); break; } catch {}
     }
     fs.writeSync(1, String(more));`,
  ).finally(() => {
    state.going = false;
  });
  const seen: Record<string, number> = {};
  while (state.going) {
    const outcomes = (await cell.exec(`(() => {
      const outcomes = [];
      for (let at = 0; at < 50; at++) {
        try { require("fs").mkdirSync(${JSON.stringify(base)} + "/" + at + "/a/b/c/d/e/f/g/h", { recursive: true }); outcomes.push("made"); }
        catch (error) { outcomes.push(error.code ?? error.message); }
      }
      return outcomes;
    })()`)) as string[];
    for (const outcome of outcomes) seen[outcome] = (seen[outcome] ?? 0) + 1;
  }
  expect(seen["made"]).toBeGreaterThan(0);
  const more = await mover;
  expect(more).toMatch(/^[0-9]+$/);
  expect(Number(more)).toBeLessThanOrEqual(ONE_STEP);
}, 60_000);
