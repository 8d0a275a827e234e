import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { keepingSink, policyOf, rejectionOf } from "../../testing/cells.ts";
import { type Grounds, grounds } from "../../testing/granted.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

const TOKEN = "open";
/** A thousand requests, one after another, take long on a machine that does much else. */
const LIMITS = { wall_ms: 100_000 };
const sink = keepingSink();
let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;
let file: string;

const rule = (operations?: readonly string[]): object => ({
  id: "granted",
  effect: "allow",
  capability: "filesystem",
  ...(operations === undefined ? {} : { operations }),
  paths: [`${place.granted}/**`],
});

// A folder of its own for each: a confined cell has been granted that one, and no other of its name.
beforeEach(async () => {
  place = grounds();
  file = join(place.granted, "file");
  writeFileSync(file, "content");
  writeFileSync(join(place.outside, "secret"), "secret");
  supervisor = new Supervisor({
    ...kernelMode,
    policy: policyOf([rule()], LIMITS),
    denials: sink,
    token: TOKEN,
    pool: 0,
  });
  cell = await supervisor.spawn("opener");
  await cell.exec(`globalThis.fs = require("node:fs"); globalThis.FILE = ${JSON.stringify(file)};
    globalThis.text = (fd, at = 0) => { const bytes = Buffer.alloc(64); return bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, 64, at)); };
    globalThis.codeOf = (use) => { try { return ["fine", use()]; } catch (error) { return [error.name, error.code ?? error.reason, error.message]; } };
    globalThis.later = (name, ...args) => new Promise((go, no) => { fs[name](...args, (error, value) => { if (error) no(error); else go(value); }); }); 0`);
  sink.events.length = 0;
});

afterEach(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

/** What was denied since the test began. */
const denied = (): string[] => sink.events.map(({ attemptedAction }) => attemptedAction);

/** Descriptors of the cell's process that are files of the ground. */
function held(): string[] {
  const shown = execFileSync("ls", ["-l", `/proc/${cell.pid}/fd`], { encoding: "utf8" });
  return shown.split("\n").filter((line) => line.includes(place.root));
}

/** What a guest is told that its file is no longer there, or is another one. */
const stale = (syscall: string): string[] => [
  "Error",
  "ESTALE",
  `ESTALE: stale file handle, ${syscall}`,
];

const USES: Readonly<Record<string, readonly [use: string, operation: string]>> = {
  read: [`fs.readSync(fd, Buffer.alloc(4))`, "read"],
  readv: [`fs.readvSync(fd, [Buffer.alloc(4)], 0)`, "read"],
  write: [`fs.writeSync(fd, "x")`, "write"],
  writev: [`fs.writevSync(fd, [Buffer.from("x")])`, "write"],
  fstat: [`fs.fstatSync(fd).size`, "stat"],
  ftruncate: [`fs.ftruncateSync(fd)`, "write"],
  fsync: [`fs.fsyncSync(fd)`, "write"],
  fdatasync: [`fs.fdatasyncSync(fd)`, "write"],
};

test("a file that is open holds no descriptor, and stays open from one call to the next", async () => {
  const fd = await cell.exec(`globalThis.fd = fs.openSync(FILE, "r+")`);
  expect(fd).toBe(3);
  expect(held()).toEqual([]);
  expect(await cell.exec(`[text(fd), fs.writeSync(fd, "CON"), text(fd)]`)).toEqual([
    "content",
    3,
    "CONtent",
  ]);
  expect(held()).toEqual([]);
});

describe.each(Object.entries(USES))("%s", (_name, [use, operation]) => {
  test("is decided when it is done, by the policy that there is by then", async () => {
    await cell.exec(`globalThis.fd = fs.openSync(FILE, "r+")`);
    const others = ["read", "write", "stat"].filter((name) => name !== operation);
    await supervisor.reloadPolicy(policyOf([rule(others)]), TOKEN);
    const error = await rejectionOf(cell.exec(use));
    expect(error).toMatchObject({
      name: "PolicyError",
      denialEvent: { operation, target: file, enforced: true, brokerDecision: "deny" },
    });
    expect(denied()).toEqual([`${operation}:${file}`]);
    expect(readFileSync(file, "utf8")).toBe("content");
  });
});

describe("each use", () => {
  const USED = Object.entries(USES).map(([name, [use, operation]]) => ({
    use,
    operation,
    syscall: name.replace(/v$/, ""),
  }));

  test("does not touch another file that is at the path by then, and makes no denial", async () => {
    await cell.exec(`globalThis.fd = fs.openSync(FILE, "r+")`);
    const moved = join(place.outside, "moved");
    renameSync(file, moved);
    for (const { use, syscall } of USED)
      expect(await cell.exec(`codeOf(() => ${use})`)).toEqual(stale(syscall));
    writeFileSync(file, "another");
    for (const { use, syscall } of USED)
      expect(await cell.exec(`codeOf(() => ${use})`)).toEqual(stale(syscall));
    expect(denied()).toEqual([]);
    expect([readFileSync(file, "utf8"), readFileSync(moved, "utf8")]).toEqual([
      "another",
      "content",
    ]);
  });

  test.each<[string, () => void]>([
    ["the path is a symlink to", () => symlinkSync(join(place.outside, "secret"), file)],
    [
      "a folder above gave way to a symlink to the folder of",
      () => {
        rmSync(place.granted, { recursive: true });
        symlinkSync(place.outside, place.granted);
        writeFileSync(join(place.outside, "file"), "secret");
      },
    ],
  ])("is refused where %s what is not granted", async (_how, exchange) => {
    await cell.exec(`globalThis.fd = fs.openSync(FILE, "r+")`);
    rmSync(file);
    exchange();
    for (const { use, operation } of USED) {
      sink.events.length = 0;
      const [name, reason] = (await cell.exec(`codeOf(() => ${use})`)) as string[];
      expect([name, reason]).toEqual(["PolicyError", "outside_scope"]);
      expect(sink.events).toMatchObject([{ operation, enforced: true }]);
      expect(sink.events[0]?.target.startsWith(`${place.outside}/`)).toBe(true);
    }
    expect(readFileSync(join(place.outside, "secret"), "utf8")).toBe("secret");
  });

  test("of a number that is not open is Node's error, and no request", async () => {
    const { allowed } = cell.stats;
    await cell.exec(`globalThis.was = fs.openSync(FILE, "r+"); fs.closeSync(was); 0`);
    for (const { use, syscall } of USED) {
      const error = ["Error", "EBADF", `EBADF: bad file descriptor, ${syscall}`];
      expect(await cell.exec(`[99, 0, 1, 2, was].map((fd) => codeOf(() => ${use}))`)).toEqual([
        error,
        error,
        error,
        error,
        error,
      ]);
    }
    // To open for both is two.
    expect([cell.stats.allowed - allowed, denied()]).toEqual([2, []]);
  });

  test("touches nothing where the path is another name of a file that is not granted", async () => {
    await cell.exec(`globalThis.fd = fs.openSync(FILE, "r+")`);
    rmSync(file);
    linkSync(join(place.outside, "secret"), file);
    for (const { use, syscall } of USED)
      expect(await cell.exec(`codeOf(() => ${use})`)).toEqual(stale(syscall));
    expect(readFileSync(join(place.outside, "secret"), "utf8")).toBe("secret");
  });

  test("touches nothing where a pipe has taken the path", async () => {
    await cell.exec(`globalThis.fd = fs.openSync(FILE, "r+")`);
    rmSync(file);
    execFileSync("mkfifo", [file]);
    for (const { use, syscall } of USED)
      expect(await cell.exec(`codeOf(() => ${use})`)).toEqual(stale(syscall));
  });
});

test("a file that is made anew is another one, even where it gets the number of the old one", async () => {
  const found = (await cell.exec(`const all = []; for (let round = 0; round < 50; round++) {
    const fd = fs.openSync(FILE, "w+"); fs.writeSync(fd, "mine"); fs.unlinkSync(FILE);
    fs.writeFileSync(FILE, "new"); all.push(codeOf(() => text(fd))[1]); fs.closeSync(fd); } all`)) as string[];
  // The clock of a disk has steps: two files of one moment may look alike.
  expect(found.filter((code) => code === "ESTALE").length).toBeGreaterThan(0);
  expect(found.filter((code) => code !== "ESTALE" && code !== "new")).toEqual([]);
});

describe("to open for both", () => {
  test.each(["r+", "w+", "a+", "wx+", "ax+"])("%s asks to read and to write", async (flags) => {
    if (flags.includes("x")) rmSync(file);
    const { allowed } = cell.stats;
    await cell.exec(`fs.openSync(FILE, "${flags}")`);
    expect(cell.stats.allowed - allowed).toBe(2);
  });

  test.each([
    ["read", "write"],
    ["write", "read"],
  ])(
    "is refused once where only to %s is granted, and nothing is done",
    async (granted, lacking) => {
      await supervisor.reloadPolicy(policyOf([rule([granted])]), TOKEN);
      for (const flags of ["r+", "w+", "a+"]) {
        sink.events.length = 0;
        const error = await rejectionOf(cell.exec(`fs.openSync(FILE, "${flags}")`));
        expect(error).toMatchObject({ denialEvent: { operation: lacking, target: file } });
        expect(denied()).toEqual([`${lacking}:${file}`]);
        await rejectionOf(cell.exec(`fs.openSync(FILE + "-new", "${flags}x")`));
      }
      expect(readFileSync(file, "utf8")).toBe("content");
      expect(statSync(`${file}-new`, { throwIfNoEntry: false })).toBeUndefined();
    },
  );
});

test("what is not a regular file is not opened, and opening does not wait", async () => {
  mkdirSync(join(place.granted, "folder"));
  execFileSync("mkfifo", [join(place.granted, "pipe")]);
  const codes = await cell.exec(
    `["folder", "pipe"].flatMap((name) => ["r", "w", "r+", "a"].map((flags) => codeOf(() => fs.openSync(FILE.replace("file", name), flags))[1]))`,
  );
  const each = (code: string): string[] => [code, code, code, code];
  expect(codes).toEqual([...each("EISDIR"), ...each("EINVAL")]);
});

test("a new file has the mode that was asked for, and of it only permissions", async () => {
  await cell.exec(`fs.openSync(FILE + "-new", "w", 0o4700)`);
  expect(statSync(`${file}-new`).mode & 0o7777).toBe(0o700);
});

test("a guest may have 1,024 files open, and gets the numbers from 3 on, the lowest first", async () => {
  const found = await cell.exec(`const all = []; let code;
    try { for (;;) all.push(fs.openSync(FILE)); } catch (error) { code = error.message; }
    const full = fs.readFileSync(FILE, "utf8");
    for (const fd of [500, 7]) fs.closeSync(fd);
    [all[0], all.at(-1), all.length, code, full, fs.openSync(FILE), fs.openSync(FILE), codeOf(() => fs.openSync(FILE))[1]]`);
  const message = `EMFILE: too many open files, open '${file}'`;
  expect(found).toEqual([3, 1026, 1024, message, "content", 7, 500, "EMFILE"]);
  expect(held()).toEqual([]);
}, 120_000);

test("where no more can be opened, nothing is made or emptied", async () => {
  await cell.exec(`try { for (;;) fs.openSync(FILE); } catch {} 0`);
  const codes = await cell.exec(
    `[codeOf(() => fs.openSync(FILE, "w"))[1], codeOf(() => fs.openSync(FILE + "-new", "w"))[1]]`,
  );
  expect(codes).toEqual(["EMFILE", "EMFILE"]);
  expect(readFileSync(file, "utf8")).toBe("content");
  expect(statSync(`${file}-new`, { throwIfNoEntry: false })).toBeUndefined();
}, 120_000);

test("uses that run at once get one part each, and none is lost", async () => {
  writeFileSync(file, Array.from({ length: 300 }, (_, at) => String(at).padStart(4, " ")).join(""));
  const parts = (await cell.exec(`const fd = fs.openSync(FILE);
    const all = Array.from({ length: 300 }, () => { const bytes = Buffer.alloc(4); return later("read", fd, bytes, 0, 4, null).then(() => Number(bytes.toString())); });
    await Promise.all(all)`)) as number[];
  expect(parts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, at) => at));
  await cell.exec(`const out = fs.openSync(FILE, "w");
    await Promise.all(Array.from({ length: 300 }, (_, at) => later("write", out, String(at).padStart(4, " ")))); 0`);
  const written = readFileSync(file, "utf8").match(/.{4}/g)?.map(Number) ?? [];
  expect(written.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, at) => at));
});

test("a use that is under way is of the file that it was begun on, whatever has the number by then", async () => {
  writeFileSync(`${file}-2`, "another");
  const found = await cell.exec(`const fd = fs.openSync(FILE);
    const all = Array.from({ length: 400 }, () => { const bytes = Buffer.alloc(7); return later("read", fd, bytes, 0, 7, 0).then(() => bytes.toString()); });
    fs.closeSync(fd);
    const other = fs.openSync(FILE + "-2");
    [fd === other, [...new Set(await Promise.all(all))], text(other)]`);
  expect(found).toEqual([true, ["content"], "another"]);
});

test("a read takes at most a quarter of the guest's memory, and gives what it took", async () => {
  writeFileSync(file, Buffer.alloc(20 * 1024 * 1024, "x"));
  expect(await cell.exec(`fs.readSync(fs.openSync(FILE), Buffer.alloc(18 * 1024 * 1024))`)).toBe(
    16 * 1024 * 1024,
  );
});

test("a file that was made unreadable is not read by one who may not read it", async () => {
  if (process.getuid?.() === 0) return;
  await cell.exec(`globalThis.fd = fs.openSync(FILE)`);
  chmodSync(file, 0);
  expect(await cell.exec(`codeOf(() => text(fd))[1]`)).toBe("EACCES");
});

test("buffers that change while they are read into get what fits, or an error", async () => {
  const found = await cell.exec(`const fd = fs.openSync(FILE);
    const shrunk = new Uint8Array(new ArrayBuffer(7, { maxByteLength: 7 })), gone = new Uint8Array(7);
    const all = [later("read", fd, shrunk, 0, 7, 0), later("read", fd, gone, 0, 7, 0)];
    shrunk.buffer.resize(2); gone.buffer.transfer();
    (await Promise.allSettled(all)).map(({ status, reason }) => [status, reason?.name])`);
  expect(found).toEqual([
    ["rejected", "RangeError"],
    ["rejected", "TypeError"],
  ]);
});

test("arguments are read once, so that none can change after it was checked", async () => {
  const found = await cell.exec(`const fd = fs.openSync(FILE, "r+"), read = {};
    const twice = (name, first, then) => ({ get [name]() { read[name] = (read[name] ?? 0) + 1; return read[name] === 1 ? first : then; } });
    const bytes = Buffer.alloc(4);
    [fs.readSync(fd, bytes, twice("length", 2, 2 ** 30)), fs.readSync(fd, bytes, twice("position", 1, -1)), fs.readSync(fd, bytes, twice("offset", 1, 99)),
      fs.writeSync(fd, bytes, { get offset() { return 3; }, position: 0 }), read]`);
  expect(found).toEqual([2, 4, 3, 1, { length: 1, position: 1, offset: 1 }]);
});

test("no file of the kernel's own is opened, under no name: a place in its own memory would be a guest's way out", async () => {
  const everywhere = { id: "all", effect: "allow", capability: "filesystem", paths: ["/**"] };
  await using all = new Supervisor({
    ...kernelMode,
    policy: policyOf([everywhere], LIMITS),
    pool: 0,
  });
  await using own = await all.spawn("everywhere");
  symlinkSync("/proc", join(place.granted, "link"));
  const outcomes = await own.exec(
    `const fs = require("node:fs"), { createReadStream, createWriteStream } = fs, seen = [];
    const files = ["/proc/self/mem", "/proc/" + HOST + "/mem", "/proc/self/maps", "/proc/version", "/proc/thread-self/mem", "/sys/kernel/mm/transparent_hugepage/enabled", LINK + "/self/mem"];
    for (const file of files.filter((file) => fs.existsSync(file)))
      for (const flags of ["r", "r+", "w", "a", "a+"])
        try { seen.push([file, flags, fs.openSync(file, flags)]); } catch (error) { seen.push(error.code); }
    for (const stream of [createReadStream("/proc/self/mem"), createWriteStream("/proc/self/mem", { flags: "r+" })])
      seen.push(await new Promise((told) => stream.on("error", ({ code }) => told(code))));
    seen.push(await fs.promises.open("/proc/self/mem", "r+").catch(({ code }) => code));
    seen.push(fs.readFileSync("/proc/version", "utf8").startsWith("Linux"));
    seen`
      .replace("HOST", String(process.pid))
      .replace("LINK", JSON.stringify(join(place.granted, "link"))),
  );
  expect(new Set(outcomes as unknown[])).toEqual(new Set(["EINVAL", true]));
  expect((outcomes as unknown[]).length).toBeGreaterThan(25);
});

test("the last place that a number can say is behind the end of the file, as in Node, and no denial", async () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(
    await cell.exec(`const fd = fs.openSync(FILE), bytes = Buffer.alloc(4);
      [${most}, ${most - 3}, ${most - 4}].flatMap((at) => [fs.readSync(fd, bytes, 0, 4, at), fs.readvSync(fd, [bytes], at)])`),
  ).toEqual([0, 0, 0, 0, 0, 0]);
  expect(denied()).toEqual([]);
});
