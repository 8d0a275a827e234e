import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { launch, LAUNCHER, Probe } from "./testing/confined.ts";

const EBADF = -9;

/** Everything may be read and executed: for tests that do not concern paths. */
const ALL = ["1", "abi=7", "path=d:/"];

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.make();
});
afterAll(async () => await probe[Symbol.asyncDispose]());

test("the probe says in one line what this kernel has", () => {
  expect(execFileSync(LAUNCHER, ["probe"], { encoding: "utf8" })).toMatch(
    /^protocol=1 landlock=[1-9]\d* errata=\d+ seccomp=0\n$/,
  );
});

test("the program gets its arguments and the environment, and its own exit code is the process'", async () => {
  // A shell and what it loads; of its environment it prints what it was given.
  const { code, stdout, stderr } = await launch(
    [...ALL, "--", "/bin/sh", "-c", 'echo "$0 $1 $KEPT"; exit 7', "name", "second"],
    { env: { KEPT: "kept" } },
  );
  expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "name second kept\n", stderr: "" });
});

test("the kernel shows no new privileges, a filter and no capability", async () => {
  const { stdout } = await launch([...ALL, "--", "/bin/cat", "/proc/self/status"]);
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(stdout)?.[1];
  expect([field("NoNewPrivs"), field("Seccomp"), field("Seccomp_filters")]).toEqual([
    "1",
    "2",
    "1",
  ]);
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
    expect([set, field(set)]).toEqual([set, "0000000000000000"]);
});

test("as another user it has that user's identity and no group of the host's", async () => {
  const { results } = await probe.run(
    ["user=65534:65533"],
    [["getuid"], ["geteuid"], ["getgid"], ["getegid"], ["getgroups", 0, 0]],
  );
  expect(results).toEqual([65_534, 65_534, 65_533, 65_533, 0]);
});

test("a host without privileges confines as well", async () => {
  // Where anyone can reach it.
  const launcher = path.join(probe.folder, "launcher");
  copyFileSync(LAUNCHER, launcher);
  const calls = [
    "getuid",
    ",",
    "openat",
    "-100",
    "s:/etc/passwd",
    "0",
    ",",
    "socket",
    "2",
    "2",
    "0",
  ];
  const { stdout, stderr } = await launch(
    ["1", "abi=7", `need=5:${probe.program}`, "canary=/etc/passwd", "--", probe.program, ...calls],
    { launcher, uid: 65_534 },
  );
  expect([stdout, stderr]).toEqual(["65534\n-13\n-129\n", ""]);
});

test("descriptors beyond those of the plan are closed, whatever the host had open", async () => {
  const fd = openSync("/etc/passwd", "r");
  const own = `need=5:${probe.program}`;
  const calls = ["fcntl", "2", "1", ",", "fcntl", "3", "1", ",", "fcntl", "4", "1"];
  const { stdout } = await launch(["1", "abi=7", "fds=3", own, "--", probe.program, ...calls], {
    extra: [fd, fd],
  });
  const kept = await launch(["1", "abi=7", "fds=4", own, "--", probe.program, ...calls], {
    extra: [fd, fd],
  });
  closeSync(fd);
  expect(stdout).toBe(`0\n${EBADF}\n${EBADF}\n`);
  expect(kept.stdout).toBe(`0\n0\n${EBADF}\n`);
});

test("resource limits hold, soft and hard", async () => {
  const { stdout } = await launch([
    ...ALL,
    "limit=4:0",
    "limit=7:64",
    "--",
    "/bin/sh",
    "-c",
    "ulimit -c; ulimit -n; ulimit -Hn",
  ]);
  expect(stdout).toBe("0\n64\n64\n");
});

test("it ends with its host, also where that is killed", async () => {
  // A host of its own: a shell that starts the launcher, says its pid, and is killed.
  const host = spawn(
    "/bin/sh",
    ["-c", `"${LAUNCHER}" 1 abi=7 path=d:/ parent=$$ -- /bin/sleep 20 & echo $!; wait`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [said] = (await once(host.stdout, "data")) as [Buffer];
  const pid = Number(String(said));
  while (readFileSync(`/proc/${pid}/comm`, "utf8") !== "sleep\n") await sleep(2);
  host.kill("SIGKILL");
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test("it does not start for a host that is not its parent any more", async () => {
  const { code, stderr } = await launch([...ALL, "parent=1", "--", "/bin/true"]);
  expect([code, stderr]).toEqual([122, "pyisolate-launcher: the host has ended\n"]);
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const UNREADABLE: readonly (readonly [string, readonly string[], string])[] = [
  [
    "no argument",
    [],
    'the plan is not of version 1; install the launcher of the same version as sandbox-core. It says ""',
  ],
  [
    "another version",
    ["2", "--", "/bin/true"],
    'the plan is not of version 1; install the launcher of the same version as sandbox-core. It says "2"',
  ],
  [
    "an unknown option",
    ["1", "abi=7", "pathes=4:/tmp"],
    'an option that this version does not know: "pathes=4:/tmp"',
  ],
  ["an option without a value", ["1", "abi"], 'an option that this version does not know: "abi"'],
  ["rights that are not a number", ["1", "path=4x:/tmp"], 'no number in "path=4x:/tmp"'],
  ["no rights", ["1", "path=/tmp"], 'no number in "path=/tmp"'],
  ["a relative path", ["1", "path=4:tmp"], 'no absolute path in "path=4:tmp"'],
  ["a port beyond all", ["1", "connect=65536"], 'a number is too large in "connect=65536"'],
  [
    "a number beyond all",
    ["1", "limit=4:99999999999999999999"],
    'no number in "limit=4:99999999999999999999"',
  ],
  ["a negative number", ["1", "fds=-1"], 'no number in "fds=-1"'],
  ["a user without a group", ["1", "user=0"], 'no number in "user=0"'],
  [
    "the user that means unchanged",
    ["1", "user=4294967295:0"],
    'no user and group in "user=4294967295:0"',
  ],
  ["a flag that is neither 0 nor 1", ["1", "commands=2"], 'a number is too large in "commands=2"'],
  ["no program", ["1", "abi=7", "--"], 'no program after "--"'],
  ["a relative program", ["1", "abi=7", "--", "true"], 'no program after "--"'],
  ["no end of the plan", ["1", "abi=7"], 'no program after "--"'],
];

test.each(UNREADABLE)("a plan with %s is refused with its reason", async (_name, plan, reason) => {
  const { code, stderr } = await launch(plan);
  expect({ code, stderr }).toEqual({ code: 120, stderr: `pyisolate-launcher: ${reason}\n` });
});

test.each([
  [
    "an ABI that this kernel has not got",
    ["abi=999"],
    121,
    "Landlock is not to be had here as the host found it before",
  ],
  [
    "a needed file that is gone",
    ["abi=7", "need=5:/no/such/node"],
    122,
    'cannot open a path of the plan, "/no/such/node": errno 2 (ENOENT)',
  ],
  [
    "a program that the plan does not grant",
    ["abi=7"],
    124,
    'cannot execute "/bin/true": errno 13 (EACCES)',
  ],
  [
    "a canary that is granted",
    ["abi=7", "path=4:/etc", "canary=/etc/passwd"],
    123,
    "what must be refused was not as it must be: opening the canary file: expected -13, saw",
  ],
  [
    "a canary that is not there",
    ["abi=7", "canary=/no/such/file"],
    123,
    "what must be refused was not as it must be: access to the canary file: expected 0, saw -2",
  ],
])("%s: it ends with one line and executes nothing", async (_name, plan, code, reason) => {
  const ended = await launch(["1", ...plan, "--", "/bin/true"]);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toMatch(/^pyisolate-launcher: .*\n$/);
  expect(ended.stderr).toContain(reason);
});

test("a path that would break the line is shown clean and cut", async () => {
  const { stderr } = await launch([
    "1",
    "abi=7",
    `need=5:/a\nb\u001b[31m"${"x".repeat(3000)}`,
    "--",
    "/bin/true",
  ]);
  expect(stderr).toMatch(
    /^pyisolate-launcher: cannot open a path of the plan, "\/a\?b\?\[31m\?x+\n$/,
  );
  expect(stderr.length).toBeLessThanOrEqual(1024);
});
