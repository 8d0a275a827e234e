import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { type Call, EACCES, Probe, REFUSED } from "./testing/confined.ts";

// Native code in a confined process and the file system: what it returned is not believed, what came to be is looked at.

const [O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_PATH] = [0, 1, 0o100, 0o1000, 0o10000000];
const CWD = -100;
/** The rights of a tree that may be read, and of one that may also be changed. */
const READ = "c";
const WRITE = "61be";

let probe: Probe;
let round = 0;
let root = "";

beforeAll(async () => {
  probe = await Probe.make();
});
afterAll(async () => await probe[Symbol.asyncDispose]());
beforeEach(() => {
  root = path.join(probe.folder, `round-${round++}`);
  for (const folder of ["read", "write", "other"])
    mkdirSync(path.join(root, folder), { recursive: true });
  for (const folder of ["read", "write", "other"]) writeFileSync(at(folder, "file"), folder);
});

function at(...parts: string[]): string {
  return path.join(root, ...parts);
}

async function run(...calls: Call[]): Promise<readonly (number | "child")[]> {
  const { results, stderr } = await probe.run(
    [`path=${READ}:${at("read")}`, `path=${WRITE}:${at("write")}`],
    calls,
  );
  expect(stderr).toBe("");
  return results;
}

const open = (file: string, flags = O_RDONLY): Call => ["openat", CWD, `s:${file}`, flags, 0o644];

test("what the plan grants is read and listed, what it does not name is neither", async () => {
  const [granted, list, read, other, listed, etc] = await run(
    open(at("read", "file")),
    open(at("read")),
    ["read", "$0", "b:16", 16],
    open(at("other", "file")),
    open(at("other")),
    open("/etc/passwd"),
  );
  expect(granted).toBeGreaterThan(2);
  expect(list).toBeGreaterThan(2);
  expect(read).toBe(4);
  expect([other, listed, etc]).toEqual([EACCES, EACCES, EACCES]);
});

test("a tree that may be read is not written, made in, removed from or emptied", async () => {
  const results = await run(
    open(at("read", "file"), O_WRONLY),
    open(at("read", "new"), O_WRONLY | O_CREAT),
    open(at("read", "file"), O_WRONLY | O_TRUNC),
    ["truncate", `s:${at("read", "file")}`, 0],
    ["mkdirat", CWD, `s:${at("read", "folder")}`, 0o755],
    ["unlinkat", CWD, `s:${at("read", "file")}`, 0],
    ["symlinkat", "s:/etc/passwd", CWD, `s:${at("read", "link")}`],
    ["renameat2", CWD, `s:${at("read", "file")}`, CWD, `s:${at("read", "moved")}`, 0],
  );
  expect(results).toEqual(Array.from({ length: 8 }, () => EACCES));
  expect(readFileSync(at("read", "file"), "utf8")).toBe("read");
  expect(["new", "folder", "link", "moved"].filter((name) => existsSync(at("read", name)))).toEqual(
    [],
  );
});

test("in a tree that may be changed files are made, written, renamed and removed", async () => {
  const results = await run(
    open(at("write", "new"), O_WRONLY | O_CREAT),
    ["write", "$0", "s:hello", 5],
    ["mkdirat", CWD, `s:${at("write", "folder")}`, 0o755],
    ["renameat2", CWD, `s:${at("write", "new")}`, CWD, `s:${at("write", "folder", "moved")}`, 0],
    ["unlinkat", CWD, `s:${at("write", "file")}`, 0],
  );
  expect(results.slice(1)).toEqual([5, 0, 0, 0]);
  expect(readFileSync(at("write", "folder", "moved"), "utf8")).toBe("hello");
  expect(existsSync(at("write", "file"))).toBe(false);
});

test("no symlink, device, pipe or socket is made, not even where files are", async () => {
  const results = await run(
    ["symlinkat", "s:/etc/passwd", CWD, `s:${at("write", "link")}`],
    ["mknodat", CWD, `s:${at("write", "device")}`, 0o020666, 0x103],
    ["mknodat", CWD, `s:${at("write", "pipe")}`, 0o010666, 0],
  );
  expect(results).toEqual([EACCES, REFUSED, REFUSED]);
  expect(["link", "device", "pipe"].filter((name) => existsSync(at("write", name)))).toEqual([]);
});

test("a file does not leave or enter the granted trees by link or rename", async () => {
  const results = await run(
    ["renameat2", CWD, `s:${at("write", "file")}`, CWD, `s:${at("other", "out")}`, 0],
    ["renameat2", CWD, `s:${at("other", "file")}`, CWD, `s:${at("write", "in")}`, 0],
    ["linkat", CWD, `s:${at("other", "file")}`, CWD, `s:${at("write", "in")}`, 0],
    // From readable to writable: the file would gain rights.
    ["linkat", CWD, `s:${at("read", "file")}`, CWD, `s:${at("write", "in")}`, 0],
  );
  expect(results.every((result) => result === EACCES || result === -18)).toBe(true);
  expect([existsSync(at("other", "out")), existsSync(at("write", "in"))]).toEqual([false, false]);
});

test("a symlink inside a granted tree opens nothing outside of it", async () => {
  symlinkSync(at("other", "file"), at("write", "link"));
  symlinkSync("/", at("write", "root"));
  expect(await run(open(at("write", "link")), open(at("write", "root", "etc/passwd")))).toEqual([
    EACCES,
    EACCES,
  ]);
});

test("a descriptor that only names a file opens no more than its path would", async () => {
  const [named, opened] = await run(open(at("other", "file"), O_PATH), open("/proc/self/fd/3"));
  expect(named).toBe(3);
  expect(opened).toBe(EACCES);
});

test("a file's mode, owner, times and attributes stay, also where the file may be written", async () => {
  const before = statSync(at("write", "file"));
  const results = await run(
    ["fchmodat", CWD, `s:${at("write", "file")}`, 0o777],
    ["fchmodat2", CWD, `s:${at("other", "file")}`, 0o777, 0],
    ["fchownat", CWD, `s:${at("other", "file")}`, 1000, 1000, 0],
    ["utimensat", CWD, `s:${at("other", "file")}`, 0, 0],
    ["setxattr", `s:${at("other", "file")}`, "s:user.x", "s:1", 1, 0],
    ["setxattrat", CWD, `s:${at("other", "file")}`, 0, "s:user.x", "b:16", 16],
    ["getxattr", `s:${at("other", "file")}`, "s:user.x", "b:16", 16],
  );
  expect(results).toEqual(Array.from({ length: 7 }, () => REFUSED));
  expect(statSync(at("write", "file")).mode).toBe(before.mode);
});

test("a path of the plan that is a symlink, or goes through one, is not followed: a policy names real paths", async () => {
  symlinkSync(at("other"), at("alias"));
  const { results } = await probe.run(
    [`path=${READ}:${at("alias")}`, `path=${READ}:${at("alias", "file")}`],
    [open(at("other", "file")), open(at("alias", "file"))],
  );
  expect(results).toEqual([EACCES, EACCES]);
});

test("a path of the plan that does not exist grants nothing, and the program starts", async () => {
  const { results } = await probe.run(
    [`path=${READ}:${at("missing/below")}`, `path=${READ}:${at("read")}`],
    [open(at("read", "file")), open(at("other", "file"))],
  );
  expect(results).toEqual([3, EACCES]);
});

test("a rule on a file is for that file alone, whatever its name", async () => {
  writeFileSync(at("other", "second"), "2");
  linkSync(at("other", "file"), at("other", "hard-link"));
  const { results } = await probe.run(
    [`path=${READ}:${at("other", "file")}`],
    [
      open(at("other", "file")),
      open(at("other", "second")),
      open(at("other", "hard-link")),
      open(at("other")),
    ],
  );
  expect(results).toEqual([3, EACCES, 4, EACCES]);
});

test("where `/` is granted, everything can be read, and the canaries know it", async () => {
  const { results, stderr } = await probe.run(
    [`path=${READ}:/`],
    [open("/"), open("/etc/passwd"), open(at("write", "file"), O_WRONLY)],
  );
  expect(stderr).toBe("");
  expect(results).toEqual([3, 4, EACCES]);
});

test("its own file of /proc can be granted, and no other process's with it", async () => {
  const { results } = await probe.run(
    ["try=4:/proc/self/maps", "try=4:/no/such/file"],
    [
      open("/proc/self/maps"),
      open("/proc/self/environ"),
      open(`/proc/${process.pid}/maps`),
      open("/proc/self/mem"),
    ],
  );
  expect(results).toEqual([3, EACCES, EACCES, EACCES]);
});

test("a confined process makes itself narrower, and no wider", async () => {
  // A ruleset that handles reading (bit 2) and grants it on the root.
  const ruleset: Call = ["landlock_create_ruleset", "h:0400000000000000", 8, 0];
  const [opened, , root, added, restricted, still, other] = await run(
    open(at("read", "file")),
    ruleset,
    ["openat", CWD, "s:/", 0o10000000],
    // Its descriptor is 5: the program's three, and the two above.
    ["landlock_add_rule", "$1", 1, "h:040000000000000005000000", 0],
    ["landlock_restrict_self", "$1", 0],
    open(at("read", "file")),
    open(at("other", "file")),
  );
  expect([opened, root, added, restricted]).toEqual([3, 5, 0, 0]);
  expect([still, other]).toEqual([6, EACCES]);
  const [taken, none] = (
    await run(ruleset, ["landlock_restrict_self", "$0", 0], open(at("read", "file")))
  ).slice(1);
  expect([taken, none]).toEqual([0, EACCES]);
});
