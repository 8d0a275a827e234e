import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { isStillNamed, locate, type ResolvedPath } from "./real-path.ts";

let root = "";

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pyisolate-place-")));
  mkdirSync(join(root, "a/b"), { recursive: true });
  mkdirSync(join(root, "other"));
  writeFileSync(join(root, "a/file"), "");
  symlinkSync("a", join(root, "to-a"));
  symlinkSync(join(root, "other/new"), join(root, "dangling"));
  symlinkSync("dangling", join(root, "to-dangling"));
  symlinkSync("../other/new", join(root, "a/upwards"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync("none/../../other", join(root, "a/through-nothing"));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A place without its descriptor, which is closed. */
function at(
  path: string,
  directory = false,
): { path: string; missing: readonly string[]; code: string | undefined } {
  const place: ResolvedPath = locate(join(root, path), directory);
  closeSync(place.fd);
  expect(place.path.startsWith(`${root}/`)).toBe(true);
  return {
    path: place.path.slice(root.length + 1),
    missing: place.missing,
    code: place.errno?.code,
  };
}

test("a path through symlinks is the real one", () => {
  expect(at("to-a/file")).toEqual({ path: "a/file", missing: [], code: undefined });
  expect(at("to-a/b", true)).toEqual({ path: "a/b", missing: [], code: undefined });
});

test("a missing path is reported below the nearest one that exists", () => {
  expect(at("to-a/x/y")).toEqual({ path: "a/x/y", missing: ["x", "y"], code: "ENOENT" });
  expect(at("a/file/x")).toEqual({ path: "a/file/x", missing: ["x"], code: "ENOTDIR" });
});

test("a dangling symlink is where its file would be made, however many of them", () => {
  for (const name of ["dangling", "to-dangling", "a/upwards"])
    expect(at(name)).toEqual({ path: "other/new", missing: ["new"], code: "ENOENT" });
});

test("a symlink that turns back below nothing keeps its dots, which no policy grants", () => {
  expect(at("a/through-nothing").path).toBe("a/none/../../other");
});

test("a loop of symlinks ends", () => {
  expect(at("loop")).toMatchObject({ code: "ELOOP" });
});

test("where a directory is asked for, a file is not one", () => {
  expect(at("a/file", true)).toEqual({ path: "a/file", missing: [], code: "ENOTDIR" });
});

test("a file is named by its path until that is removed or replaced", () => {
  const file = join(root, "a/brief (deleted)");
  writeFileSync(file, "");
  const place = locate(file, false);
  try {
    // A name may end like the kernel's word for a removed file.
    expect(place.path).toBe(file);
    expect(isStillNamed(place)).toBe(true);
    linkSync(file, join(root, "a/keep"));
    writeFileSync(join(root, "a/next"), "");
    renameSync(join(root, "a/next"), file);
    expect(isStillNamed(place)).toBe(false);
  } finally {
    closeSync(place.fd);
  }
});

test("a removed file that is still open is not there", () => {
  const file = join(root, "gone");
  writeFileSync(file, "");
  const fd = openSync(file, "r");
  rmSync(file);
  const place = locate(`/proc/self/fd/${fd}`, false);
  closeSync(fd);
  closeSync(place.fd);
  expect(place.errno?.code ?? "named").not.toBe("");
  expect(isStillNamed(place)).toBe(false);
});

test("no descriptor stays open but the place's own", () => {
  const open = (): string[] =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
      } catch {
        return false;
      }
    });
  for (const path of [
    "to-a/file",
    "to-a/x/y",
    "dangling",
    "loop",
    "a/file/x",
    "a/through-nothing",
    "a/file",
  ]) {
    for (const directory of [false, true]) {
      const place = locate(join(root, path), directory);
      expect(open()).toHaveLength(1);
      closeSync(place.fd);
    }
  }
  expect(open()).toHaveLength(0);
});
