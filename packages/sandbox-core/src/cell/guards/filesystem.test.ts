import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { empty, type Grounds, grounds } from "../../testing/granted.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;
let denied = 0;

beforeAll(async () => {
  place = grounds();
  const readOnly = {
    id: "proc",
    effect: "allow",
    capability: "filesystem",
    operations: ["read", "stat"],
    paths: ["/proc/**", "/dev/**", `${place.root}/read-only/**`],
  };
  supervisor = new Supervisor({ ...kernelMode, policy: policyOf([place.rule, readOnly]), pool: 0 });
  cell = await supervisor.spawn("files");
});

afterAll(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

beforeEach(() => {
  for (const folder of [place.granted, place.outside]) {
    empty(folder);
  }
  writeFileSync(join(place.granted, "file"), "content");
  writeFileSync(join(place.outside, "secret"), "secret");
  mkdirSync(join(place.granted, "folder"));
  denied = cell.stats.denials;
});

/** `G` and `O` in a guest's text stand for the granted directory and the other. */
function written(text: string): string {
  // Not at the end of a word: one temporary folder in 62 has a name that ends in G.
  return text
    .replaceAll(/\bG\//g, () => `${place.granted}/`)
    .replaceAll(/\bO\//g, () => `${place.outside}/`);
}

/** What a call on `fs` gives: its value, or how it failed. */
async function outcome(call: string, how: "sync" | "promises"): Promise<unknown> {
  const [name, rest] = [call.slice(0, call.indexOf("(")), call.slice(call.indexOf("("))];
  const made = how === "sync" ? `fs.${name}Sync${rest}` : `await fs.promises.${name}${rest}`;
  return await cell.exec(`const fs = require("fs"); let out;
    try { out = { value: ${written(made)} }; } catch (error) { out = { name: error.name, code: error.code, reason: error.reason, message: error.message, path: error.path, syscall: error.syscall }; }
    await 0; out`);
}

describe.each(["sync", "promises"] as const)("%s", (how) => {
  test("files of many lengths are read one after another, each whole and nothing of another", async () => {
    const lengths = [0, 8193, 1, 8192, 8191, 8190, 70_000, 2];
    for (const length of lengths)
      writeFileSync(join(place.granted, String(length)), Buffer.alloc(length, `${length};`));
    const read = how === "sync" ? "fs.readFileSync" : "await fs.promises.readFile";
    const all = await cell.exec(
      `const fs = require("fs"); const all = []; for (const length of input) all.push(new Uint8Array(${read}(${JSON.stringify(place.granted)} + "/" + length))); all`,
      { input: lengths },
    );
    expect(all).toEqual(
      lengths.map((length) => new Uint8Array(readFileSync(join(place.granted, String(length))))),
    );
  });

  test.each([
    [`readFile("G/file", "utf8")`, "content"],
    [`readFile("G/file", { encoding: "BASE64" })`, "Y29udGVudA=="],
    [`readFile("G/file")`, Uint8Array.from(Buffer.from("content"))],
    [`readFile("G//folder/.././file", "latin1")`, "content"],
    [`readdir("G/")`, ["file", "folder"]],
    [`mkdir("G/folder", { recursive: true })`, undefined],
    [`rm("G/nothing", { force: true })`, undefined],
  ])("a granted %s gives what Node gives", async (call, value) => {
    expect(await outcome(call, how)).toEqual({ value });
    expect(cell.stats.denials).toBe(denied);
  });

  test("a granted stat tells size, times and kind", async () => {
    const { mtimeMs, mode } = statSync(join(place.granted, "file"));
    const stat = how === "sync" ? `fs.statSync("G/file")` : `await fs.promises.stat("G/file")`;
    const told = await cell.exec(
      written(
        `const fs = require("fs"); const s = ${stat}; await 0; [s.size, s.mtimeMs, +s.mtime, s.mode, s.isFile(), s.isDirectory(), s.isSymbolicLink()]`,
      ),
    );
    expect(told).toEqual([7, mtimeMs, Math.trunc(mtimeMs), mode, true, false, false]);
  });

  test("entries come with their kinds where they are asked for", async () => {
    symlinkSync("file", join(place.granted, "link"));
    const entries =
      how === "sync"
        ? `fs.readdirSync("G/", { withFileTypes: true })`
        : `await fs.promises.readdir("G/", { withFileTypes: true })`;
    const told = await cell.exec(
      written(
        `const fs = require("fs"); const all = ${entries}; await 0; all.map((e) => [e.name, e.isFile(), e.isDirectory(), e.isSymbolicLink(), e.parentPath === "G/"])`,
      ),
    );
    expect(told).toEqual([
      ["file", true, false, false, true],
      ["folder", false, true, false, true],
      ["link", false, false, true, true],
    ]);
  });

  test.each([
    [`writeFile("G/file", "new")`, "file", "new"],
    [`writeFile("G/made", "é")`, "made", "é"],
    [`writeFile("G/made", "aGk=", "base64")`, "made", "hi"],
    [`writeFile("G/made", new Uint16Array([0x6968]))`, "made", "hi"],
    [`writeFile("G/made", new Uint8Array([0, 104, 105, 0]).subarray(1, 3))`, "made", "hi"],
    [`writeFile("G/made", new Uint8Array([104, 105]).buffer)`, "made", "hi"],
    [`writeFile("G/file", "!", { flag: "a" })`, "file", "content!"],
    [`appendFile("G/file", "!")`, "file", "content!"],
    [`appendFile("G/made", "!")`, "made", "!"],
    [`writeFile("G/made", "")`, "made", ""],
  ])("a granted %s is on the disk", async (call, file, content) => {
    expect(await outcome(call, how)).toEqual({ value: undefined });
    expect(readFileSync(join(place.granted, file), "utf8")).toBe(content);
    expect(cell.stats.denials).toBe(denied);
  });

  test("modes are honoured, and never more than permissions", async () => {
    await outcome(`writeFile("G/made", "x", { mode: 0o104600 })`, how);
    await outcome(`mkdir("G/private", 0o700)`, how);
    expect(statSync(join(place.granted, "made")).mode & 0o7777).toBe(0o600);
    expect(statSync(join(place.granted, "private")).mode & 0o7777).toBe(0o700);
  });

  test("directories are made and removed, with what is in them", async () => {
    expect(await outcome(`mkdir("G/a/b/c/", { recursive: true })`, how)).toEqual({
      value: join(place.granted, "a"),
    });
    expect(await outcome(`mkdir("G/a/b/../b/d", { recursive: true })`, how)).toEqual({
      value: join(place.granted, "a/b/d"),
    });
    expect(await outcome(`mkdir("G/a/b/e")`, how)).toEqual({ value: undefined });
    writeFileSync(join(place.granted, "a/b/file"), "");
    symlinkSync(place.outside, join(place.granted, "a/b/out"));
    expect(await outcome(`rm("G/a", { recursive: true })`, how)).toEqual({ value: undefined });
    expect(existsSync(join(place.granted, "a"))).toBe(false);
    expect(readdirSync(place.outside)).toEqual(["secret"]);
    expect(cell.stats.denials).toBe(denied);
  });

  test.each([
    [`readFile("G/none")`, "ENOENT", "open"],
    [`readFile("G/file/")`, "ENOTDIR", "open"],
    [`readFile("G/file/x")`, "ENOTDIR", "open"],
    [`writeFile("G/folder", "")`, "EISDIR", "open"],
    [`writeFile("G/none/x", "")`, "ENOENT", "open"],
    [`writeFile("G/file/", "")`, "ENOTDIR", "open"],
    [`writeFile("G/made/", "")`, "EISDIR", "open"],
    [`writeFile("G/file", "", { flag: "wx" })`, "EEXIST", "open"],
    [`readdir("G/file")`, "ENOTDIR", "scandir"],
    [`readdir("G/none")`, "ENOENT", "scandir"],
    [`stat("G/none")`, "ENOENT", "stat"],
    [`mkdir("G/file")`, "EEXIST", "mkdir"],
    [`mkdir("G/folder")`, "EEXIST", "mkdir"],
    [`mkdir("G/file", { recursive: true })`, "EEXIST", "mkdir"],
    [`mkdir("G/file/x", { recursive: true })`, "ENOTDIR", "mkdir"],
    [`mkdir("G/x/y")`, "ENOENT", "mkdir"],
    [`rm("G/none")`, "ENOENT", "lstat"],
    [`rm("G/file/")`, "ENOTDIR", "lstat"],
  ])("a granted %s fails with the code that Node has", async (call, code, syscall) => {
    const given = /"([^"]*)"/.exec(written(call))?.[1];
    const failure = (await outcome(call, how)) as { message: string };
    expect(failure).toMatchObject({ name: "Error", code, syscall, path: given });
    expect(failure.message).toMatch(new RegExp(`^${code}: .*, ${syscall} '${given}'$`));
    // No path of the host's, and not how it is done.
    expect(failure.message).not.toContain("/proc/");
    expect(cell.stats.denials).toBe(denied);
  });

  test("a granted read of a folder fails with the words that Node has", async () => {
    const failure = await outcome(`readFile("G/folder")`, how);
    expect(failure).toMatchObject({ name: "Error", code: "EISDIR", syscall: "read" });
    expect(failure).toMatchObject({ message: "EISDIR: illegal operation on a directory, read" });
    expect(cell.stats.denials).toBe(denied);
  });

  test("a granted removal of a folder fails with the words that Node has", async () => {
    const path = join(place.granted, "folder");
    expect(await outcome(`rm("G/folder")`, how)).toMatchObject({
      name: "SystemError",
      code: "ERR_FS_EISDIR",
      syscall: "rm",
      path,
      message: `Path is a directory: rm returned EISDIR (is a directory) ${path}`,
    });
    expect(cell.stats.denials).toBe(denied);
  });

  test("a recursive listing gives what is nearer first, and does not go through symlinks", async () => {
    mkdirSync(join(place.granted, "folder/deep/empty"), { recursive: true });
    writeFileSync(join(place.granted, "folder/deep/x"), "");
    symlinkSync("folder", join(place.granted, "link"));
    const allowed = cell.stats.allowed;
    expect(await outcome(`readdir("G/", { recursive: true })`, how)).toEqual({
      value: ["file", "folder", "link", "folder/deep", "folder/deep/empty", "folder/deep/x"],
    });
    // The module, and each of the four directories.
    expect(cell.stats.allowed - allowed).toBe(5);
    const listed = `readdir("G/folder", { recursive: true, withFileTypes: true })`;
    const call = how === "sync" ? listed.replace("(", "Sync(") : `promises.${listed}`;
    const told = await cell.exec(
      written(`const fs = require("fs"); const all = await fs.${call};
        all.map((e) => [e.name, e.parentPath, e.isDirectory()])`),
    );
    const folder = join(place.granted, "folder");
    expect(told).toEqual([
      ["deep", folder, true],
      ["empty", join(folder, "deep"), true],
      ["x", join(folder, "deep"), false],
    ]);
    expect(cell.stats.denials).toBe(denied);
  });

  test.each([
    "readFile(P)",
    `writeFile(P, "")`,
    `appendFile(P, "")`,
    "readdir(P)",
    "stat(P)",
    "mkdir(P)",
    "mkdir(P, { recursive: true })",
    "readdir(P, { recursive: true })",
    "rm(P)",
    "rm(P, { force: true, recursive: true })",
  ])(
    "a refused %s tells the guest the same of what is there and what is not, and does nothing",
    async (call) => {
      const outcomes: unknown[] = [];
      const paths = ["O/secret", "O/none", "O/none/deeper", "O/secret/deeper", "O/secret/", "O/"];
      for (const path of paths) outcomes.push(await outcome(call.replace("P", `"${path}"`), how));
      for (const told of outcomes)
        expect(told).toEqual({
          name: "PolicyError",
          code: undefined,
          reason: "outside_scope",
          message: "filesystem denied (outside_scope)",
          path: undefined,
          syscall: undefined,
        });
      expect(cell.stats.denials).toBe(denied + paths.length);
      expect(readFileSync(join(place.outside, "secret"), "utf8")).toBe("secret");
      expect(readdirSync(place.outside)).toEqual(["secret"]);
    },
  );

  test.each([
    "null",
    "undefined",
    "5.5",
    "{}",
    `["a"]`,
    "{ toString() { return 'G/file' } }",
    "Symbol()",
  ])("what can be no path is a TypeError of the guest's own: %s", async (path) => {
    expect(await outcome(`readFile(${path})`, how)).toMatchObject({
      name: "TypeError",
      code: "ERR_INVALID_ARG_TYPE",
      message: expect.stringContaining(
        'The "path" argument must be of type string or an instance of Buffer or URL. Received',
      ) as string,
    });
    expect(cell.stats.denials).toBe(denied);
  });

  test.each(["Buffer.from('G/file')", "new URL('file://G/file')"])(
    "a path may be bytes or a file: URL: %s",
    async (path) => {
      expect(await outcome(`readFile(${path}, "utf8")`, how)).toEqual({ value: "content" });
    },
  );

  test.each([
    `""`,
    `"a\\0b"`,
    `"\\ud800"`,
    `"x".repeat(5000)`,
    `"ä".repeat(3000)`,
    `"x".repeat(2 ** 24)`,
    "new Uint8Array(3)",
    "new Uint8Array([47, 255])",
  ])("a path that is not valid is malformed: %s", async (path) => {
    expect(await outcome(`readFile(${path})`, how)).toMatchObject({
      name: "PolicyError",
      reason: "malformed",
    });
    expect(cell.stats.denials).toBe(denied + 1);
    expect(cell.denialEvents().at(-1)).toMatchObject({
      brokerDecision: "not_evaluated",
      operation: "read",
    });
  });

  test.each([`writeFile("G/file", 5)`, `writeFile("G/file", {})`])(
    "what is not data is a TypeError of the guest's own: %s",
    async (call) => {
      const before = cell.stats.denials;
      expect(await outcome(call, how)).toMatchObject({
        name: "TypeError",
        code: "ERR_INVALID_ARG_TYPE",
      });
      expect(cell.stats.denials).toBe(before);
      expect(readFileSync(join(place.granted, "file"), "utf8")).toBe("content");
    },
  );

  test.each([
    [
      `readFile("G/file", "rot13")`,
      "ERR_INVALID_ARG_VALUE",
      "'encoding' is invalid encoding. Received 'rot13'",
    ],
    [
      `readFile("G/file", { flag: "w" })`,
      "ERR_INVALID_ARG_VALUE",
      "'flag' is not offered in a cell with the value 'w'",
    ],
    [
      `readFile("G/file", { flag: "zz" })`,
      "ERR_INVALID_ARG_VALUE",
      "The argument 'flags' is invalid. Received 'zz'",
    ],
    [
      `writeFile("G/file", "", "rot13")`,
      "ERR_INVALID_ARG_VALUE",
      "'encoding' is invalid encoding. Received 'rot13'",
    ],
    [`writeFile("G/file", "", { flag: "r" })`, "ERR_INVALID_ARG_VALUE", "not offered"],
    [`writeFile("G/file", "", { flag: 577 })`, "ERR_INVALID_ARG_VALUE", "not offered"],
    [
      `writeFile("G/file", "", { mode: "rwx" })`,
      "ERR_INVALID_ARG_VALUE",
      "The argument 'mode' must be a 32-bit unsigned integer or an octal string. Received 'rwx'",
    ],
    [`writeFile("G/file", "", { flush: true })`, "ERR_INVALID_ARG_VALUE", "'flush' is not offered"],
    [`mkdir("G/x", { mode: -1 })`, "ERR_OUT_OF_RANGE", ">= 0 && <= 4294967295. Received -1"],
    [`readdir("G/", "buffer")`, "ERR_INVALID_ARG_VALUE", "'encoding' is not offered"],
    [`readFile("G/file", { signal: {} })`, "ERR_INVALID_ARG_TYPE", "an instance of AbortSignal"],
  ])(
    "an option is honoured, or refused by name without an event: %s",
    async (call, code, message) => {
      const before = cell.stats.denials;
      expect(await outcome(call, how)).toMatchObject({
        name: code === "ERR_OUT_OF_RANGE" ? "RangeError" : "TypeError",
        code,
        message: expect.stringContaining(message) as string,
      });
      expect(cell.stats.denials).toBe(before);
      expect(readFileSync(join(place.granted, "file"), "utf8")).toBe("content");
    },
  );

  test.each([`mkdir("G/x", { flush: true })`, `stat("G/file", { bigint: true })`])(
    "an option that cells do not have is a TypeError: %s",
    async (call) => {
      expect(await outcome(call, how)).toMatchObject({
        name: "TypeError",
        code: "ERR_INVALID_ARG_VALUE",
        message: expect.stringContaining("is not offered in a cell") as string,
      });
      expect(cell.stats.denials).toBe(denied);
    },
  );

  test("pipes and devices are not opened, so that they neither block nor act", async () => {
    execFileSync("mkfifo", [join(place.granted, "pipe")]);
    expect(await outcome(`readFile("G/pipe")`, how)).toMatchObject({ code: "EINVAL" });
    expect(await outcome(`writeFile("G/pipe", "x")`, how)).toMatchObject({ code: "EINVAL" });
    expect(await outcome(`readFile("/dev/zero")`, how)).toMatchObject({ code: "EINVAL" });
    expect(await outcome(`rm("G/pipe")`, how)).toEqual({ value: undefined });
  });

  test("a file larger than the cell may hold is not read", async () => {
    writeFileSync(join(place.granted, "huge"), "");
    truncateSync(join(place.granted, "huge"), 10 * 2 ** 40);
    expect(await outcome(`readFile("G/huge")`, how)).toMatchObject({
      code: "ERR_FS_FILE_TOO_LARGE",
    });
  });

  test("a file whose size is not told is read to its end", async () => {
    expect(await outcome(`readFile("/proc/version", "utf8")`, how)).toEqual({
      value: readFileSync("/proc/version", "utf8"),
    });
  });

  test("symlinks are decided by what they name, dangling ones too", async () => {
    symlinkSync(join(place.outside, "secret"), join(place.granted, "to-secret"));
    symlinkSync(join(place.outside, "none"), join(place.granted, "to-none"));
    symlinkSync(place.outside, join(place.granted, "to-outside"));
    symlinkSync("made", join(place.granted, "to-made"));
    for (const path of ["G/to-secret", "G/to-none", "G/to-outside/secret", "G/to-outside/none"]) {
      for (const call of [
        `readFile("${path}")`,
        `writeFile("${path}", "x")`,
        `mkdir("${path}")`,
        `stat("${path}")`,
      ]) {
        expect(await outcome(call, how)).toMatchObject({
          name: "PolicyError",
          reason: "outside_scope",
        });
        expect(cell.denialEvents().at(-1)?.target).toMatch(
          new RegExp(`^${place.outside}/(secret|none)$`),
        );
      }
    }
    expect(await outcome(`writeFile("G/to-made", "x")`, how)).toEqual({ value: undefined });
    expect(readFileSync(join(place.granted, "made"), "utf8")).toBe("x");
    expect(await outcome(`rm("G/to-secret")`, how)).toEqual({ value: undefined });
    expect(await outcome(`rm("G/to-outside/secret")`, how)).toMatchObject({ name: "PolicyError" });
    expect(await outcome(`rm("G/to-outside/", { recursive: true })`, how)).toMatchObject({
      code: "ENOTDIR",
    });
    expect(readdirSync(place.outside)).toEqual(["secret"]);
  });

  test("a path does not tell whether a directory that it goes through and back out of is there", async () => {
    // To the kernel, one of these ways exists and one does not.
    for (const way of ["O/secret", "O/none"])
      expect(await outcome(`readFile("${way}/../../granted/file", "utf8")`, how)).toEqual({
        value: "content",
      });
  });

  test("the kernel's magic links lead only to what has a granted path", async () => {
    const paths = [
      "/proc/self/root/etc/passwd",
      "/proc/self/cwd/etc/passwd",
      "/proc/1/root/etc/passwd",
      "/proc/self/fd/3",
      "/proc/self/fd/0",
      "/proc/thread-self/root/etc/passwd",
      "/dev/fd/4",
      "/dev/stdin/../../etc/passwd",
    ];
    for (const path of paths)
      expect(await outcome(`writeFile("${path}", "x")`, how)).toMatchObject({
        name: "PolicyError",
      });
    for (const path of ["/proc/self/root/etc/passwd", "/proc/self/fd/3", "/proc/self/fd/4"])
      expect(await outcome(`readFile("${path}")`, how)).toMatchObject({ name: "PolicyError" });
    expect(await outcome(`readFile("/proc/self/root${place.granted}/file", "utf8")`, how)).toEqual({
      value: "content",
    });
  });
});

test("existsSync is true or false for what is granted, and a refusal for what is not", async () => {
  symlinkSync("none", join(place.granted, "dangling"));
  const told = await cell.exec(
    written(
      `const fs = require("fs"); ["G/file", "G/none", "G/folder/", "G/file/", "G/dangling"].map((path) => fs.existsSync(path))`,
    ),
  );
  expect(told).toEqual([true, false, true, false, false]);
  for (const path of ["O/secret", "O/none"])
    await expect(cell.exec(written(`require("fs").existsSync("${path}")`))).rejects.toThrow(
      "outside_scope",
    );
});

test("a recursive mkdir asks for every directory on the way, and makes none where one is refused", async () => {
  await using tight = new Supervisor({
    ...kernelMode,
    policy: policyOf([
      { id: "deep", effect: "allow", capability: "filesystem", paths: [`${place.granted}/a/b/**`] },
    ]),
    pool: 0,
  });
  const other = await tight.spawn("deep");
  await expect(
    other.exec(`require("fs").mkdirSync("${place.granted}/a/b/c", { recursive: true })`),
  ).rejects.toThrow("outside_scope");
  expect(other.denialEvents().map(({ target }) => target)).toEqual([`${place.granted}/a`]);
  expect(existsSync(join(place.granted, "a"))).toBe(false);
});

test("a recursive listing asks for every directory, and gives nothing where one is refused", async () => {
  mkdirSync(join(place.granted, "tree/private/deep"), { recursive: true });
  writeFileSync(join(place.granted, "tree/private/name"), "");
  const rules = [
    place.rule,
    {
      id: "private",
      effect: "deny",
      capability: "filesystem",
      operations: ["list"],
      paths: ["**/private"],
    },
  ];
  await using tight = new Supervisor({ ...kernelMode, policy: policyOf(rules), pool: 0 });
  const other = await tight.spawn("tree");
  const told = await other.exec(
    `const fs = require("fs"), P = "${place.granted}/tree", out = [];
     try { out.push(fs.readdirSync(P, { recursive: true })); } catch (error) { out.push(error.reason); }
     await fs.promises.readdir(P, { recursive: true }).then((all) => out.push(all), (error) => out.push(error.reason));
     await new Promise((go) => fs.readdir(P, { recursive: true }, (error, all) => { out.push(error?.reason ?? all); go(); }));
     out`,
  );
  expect(told).toEqual(["explicit_deny", "explicit_deny", "explicit_deny"]);
  expect(new Set(other.denialEvents().map(({ target }) => target))).toEqual(
    new Set([`${place.granted}/tree/private`]),
  );
});

test("a recursive rm asks for every entry, and stops at one that is refused", async () => {
  mkdirSync(join(place.granted, "tree/keys"), { recursive: true });
  writeFileSync(join(place.granted, "tree/keys/.env"), "");
  const rules = [
    place.rule,
    {
      id: "dotenv",
      effect: "deny",
      capability: "filesystem",
      operations: ["remove"],
      paths: ["**/.env"],
    },
  ];
  await using tight = new Supervisor({ ...kernelMode, policy: policyOf(rules), pool: 0 });
  const other = await tight.spawn("tree");
  for (const force of [false, true]) {
    await expect(
      other.exec(
        `require("fs").rmSync("${place.granted}/tree", { recursive: true, force: ${force} })`,
      ),
    ).rejects.toThrow("explicit_deny");
  }
  expect(readdirSync(join(place.granted, "tree/keys"))).toEqual([".env"]);
});

test("the root, and dots, are not names to remove", async () => {
  await using wide = new Supervisor({
    ...kernelMode,
    policy: policyOf([
      {
        id: "all",
        effect: "allow",
        capability: "filesystem",
        operations: ["remove"],
        paths: ["/"],
      },
    ]),
    pool: 0,
  });
  const other = await wide.spawn("root");
  const attempt = async (path: string): Promise<unknown> =>
    await other.exec(
      `try { require("fs").rmSync("${path}", { recursive: true }) } catch (error) { error.reason ?? error.code }`,
    );
  expect(await attempt("/")).toBe("EBUSY");
  for (const path of [".", "..", `${place.granted}/.`, `${place.granted}/folder/..`, "/.//"])
    expect(await attempt(path)).toBe("malformed");
});

test("a path that is longest as JSON is refused like any other", async () => {
  const told = await cell.exec(
    `const out = []; for (const c of ["\\u0001", "é", "x/"]) { try { require("fs").readFileSync("/" + c.repeat(1900)); } catch (error) { out.push(error.reason); } } out`,
  );
  expect(told).toEqual(["outside_scope", "outside_scope", "outside_scope"]);
  expect(cell.closed).toBe(false);
});

test("a real path that is too long for a request is malformed", async () => {
  const segment = `${"d".repeat(250)}/`;
  let deep = `${place.granted}/`;
  // Longer than PATH_MAX: made step by step, reached by symlinks.
  for (let level = 0; level < 3; level++) {
    const here = segment.repeat(6);
    mkdirSync(deep + here, { recursive: true });
    symlinkSync(deep + here, join(place.granted, `step${level}`));
    deep = `${place.granted}/step${level}/`;
  }
  const told = await outcome(
    `readFile("G/step2/${"x".repeat(255)}/${"y/".repeat(1700)}z")`,
    "sync",
  );
  expect(told).toMatchObject({ name: "PolicyError", reason: "malformed" });
  expect(cell.closed).toBe(false);
});

test("no descriptor stays open, whatever the outcome", async () => {
  const open = (): string[] =>
    readdirSync(`/proc/${cell.pid}/fd`)
      .map((fd) => {
        try {
          return readlinkSync(`/proc/${cell.pid}/fd/${fd}`);
        } catch {
          return "";
        }
      })
      .filter((path) => path.startsWith(place.root) || path === "/");
  symlinkSync("loop", join(place.granted, "loop"));
  await cell.exec(
    written(`const fs = require("fs");
    const paths = ["G/file", "G/none", "G/folder", "G/loop", "G/file/x", "O/secret", "O/none", "G/a/b/c", "", "a\\0b"];
    for (const path of paths) {
      const calls = [
        (f) => f.readFile(path), (f) => f.writeFile(path, "x"), (f) => f.appendFile(path, "x"), (f) => f.readdir(path), (f) => f.stat(path),
        (f) => f.mkdir(path), (f) => f.mkdir(path, { recursive: true }), (f) => f.rm(path), (f) => f.rm(path, { recursive: true }),
      ];
      const sync = new Proxy({}, { get: (_, name) => fs[name + "Sync"] });
      for (const call of calls) { try { call(sync); } catch {} await call(fs.promises).catch(() => {}); }
    }
    await Promise.allSettled(Array.from({ length: 300 }, (_, i) => fs.promises.readFile(i % 2 ? "G/file" : "O/secret")));
    0`),
  );
  expect(open()).toEqual([]);
});
