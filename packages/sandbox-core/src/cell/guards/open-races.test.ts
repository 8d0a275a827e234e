import { readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { type Grounds, grounds } from "../../testing/granted.ts";
import { OpenFiles } from "../open-files.ts";
import { fsync, ftruncate, read, write } from "./by-handle.ts";
import { type AskAgain, type Guard, Refused } from "./guard.ts";
import { open } from "./open.ts";

// What changes between a decision about an open file and what is done, one step at a time: races without chance.

const FLAGS = { r: 0, "r+": 2, w: 577, "w+": 578, wx: 705, a: 1089 } as const;

let place: Grounds;
let file: string;
let secret: string;
let files: OpenFiles;

beforeEach(() => {
  place = grounds();
  files = new OpenFiles();
  [file, secret] = [join(place.granted, "file"), join(place.outside, "secret")];
  writeFileSync(file, "content");
  writeFileSync(secret, "secret");
});

afterEach(() => place[Symbol.dispose]());

/**
 * Asks and performs as a cell does, where all below the granted folder is allowed.
 *
 * @param meanwhile Changes the disk at the nth decision; the first is the one that the cell asks for before it performs.
 */
function tried(
  guard: Guard,
  args: Parameters<Guard>[0],
  meanwhile: Readonly<Record<number, () => void>> = {},
): { asked: string[]; answer: unknown } {
  const context = { wallMs: 1000, outputBytes: 1024, memoryBytes: 2 ** 20, ca: null, files };
  const prepared = guard(args, "sync", { ...context, file: files.of(args[0]) });
  const asked: string[] = [];
  const ask = (target: string, operation = "of the row"): { ok: true } => {
    asked.push(`${operation}:${target}`);
    meanwhile[asked.length]?.();
    if (target.startsWith(`${place.granted}/`)) return { ok: true };
    throw new Refused({ ok: false, capability: "filesystem", reason: "no_rule", id: target });
  };
  try {
    ask(prepared.target, prepared.operation);
    return { asked, answer: prepared.perform({ ok: true }, ask as AskAgain) };
  } catch (error) {
    return { asked, answer: error };
  } finally {
    prepared.release?.();
  }
}

const exchange = (): void => {
  rmSync(file);
  symlinkSync(secret, file);
};
const untouched = (): void => {
  expect(readFileSync(secret, "utf8")).toBe("secret");
  expect(files.of(3)).toBeUndefined();
};

test("a file that becomes a symlink before it is opened is asked for again, for what it is opened for", () => {
  for (const [flags, operation] of [
    ["r", "read"],
    ["w", "write"],
    ["a", "write"],
  ] as const) {
    const { asked, answer } = tried(open, [file, FLAGS[flags]], { 1: exchange });
    expect(asked).toEqual([`${operation}:${file}`, `${operation}:${secret}`]);
    expect(answer).toBeInstanceOf(Refused);
    untouched();
    rmSync(file);
    writeFileSync(file, "content");
  }
});

test.each(["r+", "w+"] as const)(
  "a file that becomes a symlink between the two decisions of %s is not opened",
  (flags) => {
    const { asked, answer } = tried(open, [file, FLAGS[flags]], { 2: exchange });
    expect(asked).toEqual([`read:${file}`, `write:${file}`, `read:${secret}`]);
    expect(answer).toBeInstanceOf(Refused);
    untouched();
  },
);

test("a file that is moved away between the two decisions is neither emptied nor made anew elsewhere", () => {
  const moved = join(place.outside, "moved");
  const { answer } = tried(open, [file, FLAGS["r+"]], { 2: () => renameSync(file, moved) });
  expect(answer).toMatchObject({ fields: { code: "ENOENT" } });
  expect(readFileSync(moved, "utf8")).toBe("content");
  untouched();
});

test("a file that was to be new and comes between the decision and its making is not touched", () => {
  const fresh = join(place.granted, "fresh");
  const { answer } = tried(open, [fresh, FLAGS.wx], { 1: () => writeFileSync(fresh, "theirs") });
  expect(answer).toMatchObject({ fields: { code: "EEXIST" } });
  expect(readFileSync(fresh, "utf8")).toBe("theirs");
});

test("where a folder gives way to a symlink between the two decisions, nothing is made behind it", () => {
  const fresh = join(place.granted, "fresh");
  const { answer } = tried(open, [fresh, FLAGS["w+"]], {
    2: () => {
      renameSync(place.granted, join(place.root, "aside"));
      symlinkSync(place.outside, place.granted);
    },
  });
  expect(answer).toBeInstanceOf(Refused);
  expect(statSync(join(place.outside, "fresh"), { throwIfNoEntry: false })).toBeUndefined();
  expect(statSync(join(place.root, "aside/fresh"), { throwIfNoEntry: false })).toBeUndefined();
});

const USES: readonly (readonly [string, Guard, Parameters<Guard>[0]])[] = [
  ["read", read, [3, 4, -1]],
  ["write", write, [3, "s", "x", null, -1]],
  ["ftruncate", ftruncate, [3, 1]],
  ["fsync", fsync, [3, false]],
];

test.each(USES)(
  "%s of a file that is exchanged after the decision touches neither",
  (syscall, use, args) => {
    expect(tried(open, [file, FLAGS["r+"]]).answer).toBe(3);
    const moved = join(place.outside, "moved");
    const { answer, asked } = tried(use, args, {
      1: () => {
        renameSync(file, moved);
        writeFileSync(file, "another");
      },
    });
    expect(answer).toMatchObject({ message: `ESTALE: stale file handle, ${syscall}` });
    expect(asked).toHaveLength(1);
    expect([readFileSync(file, "utf8"), readFileSync(moved, "utf8")]).toEqual([
      "another",
      "content",
    ]);
  },
);

test.each(USES)(
  "%s of a file that becomes a symlink after the decision is asked for again",
  (_syscall, use, args) => {
    tried(open, [file, FLAGS["r+"]]);
    const { answer, asked } = tried(use, args, { 1: exchange });
    expect(asked[1]).toBe(asked[0]?.replace(file, secret));
    expect(answer).toBeInstanceOf(Refused);
    expect(readFileSync(secret, "utf8")).toBe("secret");
  },
);

test("what is closed while a use of it is being decided is used as it was open", () => {
  tried(open, [file, FLAGS.r]);
  const { answer } = tried(read, [3, 4, 0], { 1: () => files.close(3) });
  expect(Buffer.from(answer as Uint8Array).toString()).toBe("cont");
  expect(tried.bind(null, read, [3, 4, 0])).toThrow("EBADF: bad file descriptor, read");
});

test("to have the disk take what was only read is to read", () => {
  tried(open, [file, FLAGS.r]);
  expect(tried(fsync, [3, true]).asked).toEqual([`read:${file}`]);
});

test("a use that fails moves the position by nothing", () => {
  tried(open, [file, FLAGS.r]);
  tried(read, [3, 4, -1], { 1: exchange });
  rmSync(file);
  renameSync(join(place.outside, "secret"), file);
  expect(tried(read, [3, 4, -1]).answer).toMatchObject({ fields: { code: "ESTALE" } });
  expect(files.of(3)?.position).toBe(0);
});
