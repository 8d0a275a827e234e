import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { type Grounds, grounds } from "../../testing/granted.ts";
import { surroundings } from "../../testing/guard-surroundings.ts";
import { mkdir, readFile } from "./filesystem.ts";
import { type AskAgain, type Guard, Refused } from "./guard.ts";
import { stat } from "./look-at.ts";
import { rm } from "./remove.ts";
import { writeFile } from "./write-file.ts";

// What happens on the disk between the decision and the operation, one step at a time: races without chance.

let place: Grounds;
let file = "";
let secret = "";

beforeEach(() => {
  place = grounds();
  file = join(place.granted, "file");
  secret = join(place.outside, "secret");
  writeFileSync(file, "granted");
  writeFileSync(secret, "secret");
});

afterEach(() => {
  place[Symbol.dispose]();
});

/** What a granted operation gives when `meanwhile` happens before it is performed, and what it asks for again. */
function after(
  meanwhile: () => void,
  guard: Guard,
  ...args: Parameters<Guard>[0]
): { target: string; asked: string[]; answer: unknown } {
  const asked: string[] = [];
  const refuse = (target: string): never => {
    throw new Refused({ ok: false, capability: "filesystem", reason: "no_rule", id: target });
  };
  const ask = (target: string): { ok: true } => {
    asked.push(target);
    return target === place.granted || target.startsWith(`${place.granted}/`)
      ? { ok: true }
      : refuse(target);
  };
  const prepared = guard(args, "sync", surroundings());
  meanwhile();
  let answer: unknown;
  try {
    answer = prepared.perform({ ok: true }, ask as AskAgain);
  } catch (error) {
    answer = error;
  } finally {
    prepared.release?.();
  }
  return { target: prepared.target, asked, answer };
}

function becomes(path: string, target: string): () => void {
  return () => {
    rmSync(path, { force: true, recursive: true });
    symlinkSync(target, path);
  };
}

test("a file that becomes a symlink is asked for again, and not read where that is refused", () => {
  const { target, asked, answer } = after(becomes(file, secret), readFile, file, "utf8");
  expect({ target, asked }).toEqual({ target: file, asked: [secret] });
  expect(answer).toBeInstanceOf(Refused);
});

test("a file that is replaced by another is read as it is now, which is what was granted", () => {
  const next = join(place.granted, "next");
  writeFileSync(next, "newer");
  const replaced = after(() => renameSync(next, file), readFile, file, "utf8");
  expect(replaced).toEqual({ target: file, asked: [], answer: "vnewer" });
});

test("a file that goes is gone", () => {
  const gone = after(() => rmSync(file), stat, file);
  expect(gone).toMatchObject({ asked: [], answer: { fields: { code: "ENOENT", path: file } } });
});

test("a symlink that comes where a file was to be made is not written through", () => {
  const made = join(place.granted, "made");
  for (const target of [secret, join(place.outside, "none")]) {
    rmSync(made, { force: true });
    const { asked, answer } = after(becomes(made, target), writeFile, made, "s", "guest");
    expect(asked).toEqual([target]);
    expect(answer).toBeInstanceOf(Refused);
  }
  expect(readFileSync(secret, "utf8")).toBe("secret");
  expect(readdirSync(place.outside)).toEqual(["secret"]);
});

test("a file that comes where one was to be made is written, unless it must be new", () => {
  const made = join(place.granted, "made");
  const comes = (): void => writeFileSync(made, "other");
  expect(after(comes, writeFile, made, "s", "guest").answer).toBeUndefined();
  expect(readFileSync(made, "utf8")).toBe("guest");
  rmSync(made);
  expect(after(comes, writeFile, made, "s", "new", null, null, "wx").answer).toMatchObject({
    fields: { code: "EEXIST" },
  });
  expect(readFileSync(made, "utf8")).toBe("other");
});

test("a directory that becomes a symlink takes nothing that is made in it along", () => {
  const folder = join(place.granted, "folder");
  for (const [guard, ...args] of [
    [writeFile, join(folder, "made"), "s", "guest"],
    [mkdir, join(folder, "made/deep"), true],
    [rm, join(folder, "secret")],
  ] as const) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const { asked, answer } = after(becomes(folder, place.outside), guard, ...args);
    expect(asked[0]).toMatch(new RegExp(`^${place.outside}/`));
    expect(answer).toBeInstanceOf(Refused);
  }
  expect(readdirSync(place.outside)).toEqual(["secret"]);
});

test("a symlink that comes where a directory was to be made on the way is asked for", () => {
  const way = join(place.granted, "way");
  const { asked, answer } = after(becomes(way, place.outside), mkdir, join(way, "made"), true);
  expect(asked).toEqual([way, join(place.outside, "made")]);
  expect(answer).toBeInstanceOf(Refused);
  expect(readdirSync(place.outside)).toEqual(["secret"]);
});

test("a name that becomes a symlink is removed as one", () => {
  const { asked, answer } = after(becomes(file, place.outside), rm, file, true);
  expect({ asked, answer }).toEqual({ asked: [], answer: undefined });
  expect(lstatSync(file, { throwIfNoEntry: false })).toBeUndefined();
  expect(readdirSync(place.outside)).toEqual(["secret"]);
});
