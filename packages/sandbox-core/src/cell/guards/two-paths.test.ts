import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { PolicyError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../../testing/cells.ts";
import { empty, type Grounds, grounds } from "../../testing/granted.ts";

let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;
const at = (name: string): string => join(place.granted, name);

beforeAll(async () => {
  place = grounds();
  supervisor = new Supervisor({
    policy: policyOf([
      place.rule,
      {
        id: "unread",
        effect: "deny",
        capability: "filesystem",
        operations: ["read"],
        paths: ["**/secret*"],
      },
      {
        id: "kept",
        effect: "deny",
        capability: "filesystem",
        operations: ["remove", "write"],
        paths: ["**/kept*"],
      },
    ]),
  });
  cell = await supervisor.spawn("files");
  await cell.exec(`globalThis.fs = require("node:fs"); 0`);
});

beforeEach(() => {
  empty(place.granted);
  empty(place.outside);
  writeFileSync(at("a"), "content");
  writeFileSync(at("secret"), "secret");
  writeFileSync(at("kept"), "kept");
  writeFileSync(join(place.outside, "file"), "outside");
});

afterAll(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

/** What a guest's call is denied as: operation and name. */
async function deniedAs(program: string): Promise<string> {
  const error = await rejectionOf(cell.exec(program));
  expect(error).toBeInstanceOf(PolicyError);
  const { operation, target } = (error as unknown as PolicyError).denialEvent;
  return `${operation} ${target.replace(`${place.root}/`, "")}`;
}

const call = (name: string, ...args: readonly unknown[]): string =>
  `fs.${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`;

test("a copy has the content and the permissions, and takes no file outside with it", async () => {
  chmodSync(at("a"), 0o640);
  await cell.exec(call("copyFileSync", at("a"), at("b")));
  expect(readFileSync(at("b"), "utf8")).toBe("content");
  expect(statSync(at("b")).mode & 0o777).toBe(0o640);
  expect(await deniedAs(call("copyFileSync", join(place.outside, "file"), at("c")))).toBe(
    "read outside/file",
  );
  expect(await deniedAs(call("copyFileSync", at("a"), join(place.outside, "file")))).toBe(
    "write outside/file",
  );
  expect(await deniedAs(call("copyFileSync", at("secret"), at("c")))).toBe("read granted/secret");
  expect(await deniedAs(call("copyFileSync", at("a"), at("kept")))).toBe("write granted/kept");
  expect(existsSync(at("c"))).toBe(false);
  expect(readFileSync(at("kept"), "utf8")).toBe("kept");
});

test("a copy through a symlink is decided by the place that it leads to", async () => {
  symlinkSync(join(place.outside, "file"), at("link"));
  expect(await deniedAs(call("copyFileSync", at("link"), at("c")))).toBe("read outside/file");
  expect(await deniedAs(call("copyFileSync", at("a"), at("link")))).toBe("write outside/file");
  expect(readFileSync(join(place.outside, "file"), "utf8")).toBe("outside");
});

test("a copy onto itself changes nothing, and an exclusive one no file that is there", async () => {
  await cell.exec(call("copyFileSync", at("a"), at("a")));
  expect(readFileSync(at("a"), "utf8")).toBe("content");
  writeFileSync(at("b"), "there");
  const error = await rejectionOf(
    cell.exec(
      `fs.copyFileSync(${JSON.stringify(at("a"))}, ${JSON.stringify(at("b"))}, fs.constants.COPYFILE_EXCL)`,
    ),
  );
  expect(error.message).toBe(`EEXIST: file already exists, copyfile '${at("a")}' -> '${at("b")}'`);
  expect(readFileSync(at("b"), "utf8")).toBe("there");
});

test("an exclusive copy onto itself finds a file that is there, as in Node", async () => {
  const copy = `copyFileSync(${JSON.stringify(at("a"))}, ${JSON.stringify(at("a"))}, fs.constants.COPYFILE_EXCL)`;
  const error = await rejectionOf(cell.exec(`fs.${copy}`));
  expect(error.message).toBe(`EEXIST: file already exists, copyfile '${at("a")}' -> '${at("a")}'`);
  expect(() => copyFileSync(at("a"), at("a"), constants.COPYFILE_EXCL)).toThrow(error.message);
  expect(readFileSync(at("a"), "utf8")).toBe("content");
});

test("a file gets another name, in the place of another file too", async () => {
  writeFileSync(at("b"), "old");
  await cell.exec(call("renameSync", at("a"), at("b")));
  expect([existsSync(at("a")), readFileSync(at("b"), "utf8")]).toEqual([false, "content"]);
});

test("what must not be read does not become readable under another name", async () => {
  expect(await deniedAs(call("renameSync", at("secret"), at("b")))).toBe("read granted/secret");
  expect(await deniedAs(call("renameSync", at("kept"), at("b")))).toBe("remove granted/kept");
  expect(await deniedAs(call("renameSync", at("a"), at("kept")))).toBe("write granted/kept");
  expect(await deniedAs(call("renameSync", at("a"), join(place.outside, "b")))).toBe(
    "write outside/b",
  );
  mkdirSync(at("folder"));
  writeFileSync(join(at("folder"), "secret"), "secret");
  const error = await rejectionOf(cell.exec(call("renameSync", at("folder"), at("other"))));
  expect(error.message).toContain("EISDIR: illegal operation on a directory, rename");
  expect(existsSync(join(at("folder"), "secret"))).toBe(true);
});

test("a symlink is replaced and removed itself, never what it leads to, and is not renamed", async () => {
  symlinkSync(join(place.outside, "file"), at("link"));
  const moved = await rejectionOf(cell.exec(call("renameSync", at("link"), at("link2"))));
  expect(moved.message).toContain("EPERM: operation not permitted, rename");
  await cell.exec(call("renameSync", at("a"), at("link")));
  expect(lstatSync(at("link")).isFile()).toBe(true);
  symlinkSync(join(place.outside, "file"), at("link2"));
  expect(await cell.exec(`${call("lstatSync", at("link2"))}.isSymbolicLink()`)).toBe(true);
  expect(await deniedAs(call("statSync", at("link2")))).toBe("stat outside/file");
  expect(await deniedAs(call("realpathSync", at("link2")))).toBe("stat outside/file");
  await cell.exec(call("unlinkSync", at("link2")));
  expect(readFileSync(join(place.outside, "file"), "utf8")).toBe("outside");
});

test("a directory is not a file to unlink, and access says what is missing", async () => {
  mkdirSync(at("folder"));
  const codes = await cell.exec(
    `[() => ${call("unlinkSync", at("folder"))}, () => ${call("unlinkSync", at("none"))}, () => ${call("accessSync", at("none"))}, () => ${call("accessSync", at("a"))}, () => ${call("renameSync", at("none"), at("b"))}, () => ${call("copyFileSync", at("folder"), at("b"))}].map((run) => { try { return run() ?? "done"; } catch (error) { return error.code; } })`,
  );
  expect(codes).toEqual(["EISDIR", "ENOENT", "ENOENT", "done", "ENOENT", "EISDIR"]);
});

test("callbacks get the error or the value, and a call without one is a TypeError", async () => {
  const got = await cell.exec(`(async () => {
    const called = (run) => new Promise((resolve) => run((...args) => resolve(args)));
    const [missing] = await called((done) => fs.readFile(${JSON.stringify(at("none"))}, "utf8", done));
    const text = await called((done) => fs.readFile(${JSON.stringify(at("a"))}, "utf8", done));
    const bytes = await called((done) => fs.readFile(${JSON.stringify(at("a"))}, done));
    const renamed = await called((done) => fs.rename(${JSON.stringify(at("a"))}, ${JSON.stringify(at("z"))}, done));
    const real = await require("node:util").promisify(fs.realpath)(${JSON.stringify(at("z"))});
    let code;
    try { fs.stat(${JSON.stringify(at("z"))}); } catch (error) { code = error.code; }
    return [missing.code, text, String(bytes[1]), renamed, real, code];
  })()`);
  expect(got).toEqual([
    "ENOENT",
    [null, "content"],
    "content",
    [null],
    at("z"),
    "ERR_INVALID_ARG_TYPE",
  ]);
});

test("throwIfNoEntry is honoured, and what is not data is a TypeError without a denial", async () => {
  const before = cell.stats.denials;
  expect(
    await cell.exec(
      `[fs.statSync(${JSON.stringify(at("none"))}, { throwIfNoEntry: false }), fs.lstatSync(${JSON.stringify(at("a"))}, { throwIfNoEntry: false }).size]`,
    ),
  ).toEqual([undefined, 7]);
  const error = await rejectionOf(cell.exec(call("writeFileSync", at("b"), 5)));
  expect(error).toMatchObject({ name: "GuestError", guestName: "TypeError" });
  expect(cell.stats.denials).toBe(before);
});
