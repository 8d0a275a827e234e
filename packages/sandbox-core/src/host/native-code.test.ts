import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { keepingSink, policyOf, until } from "../testing/cells.ts";
import { type Grounds, grounds } from "../testing/granted.ts";
import { type Copy, taken } from "../testing/taken.ts";

// A guest has got out of its isolate and runs native code in a confined cell: a library that is loaded there makes raw system calls.

/** EACCES and EXDEV of Landlock, ENOSYS, and the errno by which only our filter refuses. */
const [LANDLOCK, ABSENT, FILTER] = [-13, -38, -129];

let place: Grounds;
let library: string;
/** What a cell waits for, in use by then: the environment of its library, as JSON. */
let go: string;
let copy: Copy;

beforeAll(async () => {
  place = grounds();
  library = join(place.granted, "native.so");
  for (const folder of [place.granted, place.outside])
    writeFileSync(join(folder, "file"), "content");
  const source = join(import.meta.dirname, "../testing/native-code.c");
  execFileSync(process.env["CC"] ?? "cc", ["-shared", "-fPIC", "-O1", "-w", "-o", library, source]);
  go = join(place.granted, "go");
  copy = await taken(`
    const { readFileSync } = require("node:fs");
    ready();
    once(${JSON.stringify(go)}, () => {
      Object.assign(process.env, JSON.parse(readFileSync(${JSON.stringify(go)}, "utf8")));
      // What it exports is nothing; it has run by then.
      try { process.dlopen({ exports: {} }, ${JSON.stringify(library)}); } catch {}
    });
  `);
});
afterAll(() => {
  copy[Symbol.dispose]();
  place[Symbol.dispose]();
});

/** Runs the library in a cell, and gives the events of it. */
async function inCell(environment: Record<string, string>, isOver: () => boolean) {
  rmSync(go, { force: true });
  const denials = keepingSink();
  const policy = policyOf([place.rule]);
  const supervisor = new copy.Supervisor({ policy, denials, pool: 0, kernel: "require" });
  const cell = await supervisor.spawn("native");
  // It appears with all that it says.
  writeFileSync(`${go}.part`, JSON.stringify(environment));
  renameSync(`${go}.part`, go);
  await until("it has run", () => cell.closed || isOver());
  await supervisor.close();
  return denials.events;
}

test("nothing outside of the plan succeeds, and what the plan grants works", async () => {
  const said = join(place.granted, "said");
  const lines = (): string[] => {
    try {
      return readFileSync(said, "utf8").trim().split("\n");
    } catch {
      return [];
    }
  };
  const { mode } = statSync(join(place.outside, "file"));
  await inCell(
    { GRANTED: place.granted, OTHER: place.outside },
    () => lines().at(-1)?.startsWith("memfd") === true,
  );
  const outcomes = Object.fromEntries(
    lines().map((line): [string, number] => {
      const [name = "", result] = line.split(" ");
      return [name, Number(result)];
    }),
  );
  const {
    "granted-read": read,
    "granted-make": make,
    "rename-out": out,
    "rename-in": into,
    link,
    ...others
  } = outcomes;
  expect([read, make]).toEqual([0, 0]);
  // From one tree into another: EXDEV where the kernel would have it copied, and each half of that is refused.
  for (const moved of [out, into, link]) expect([LANDLOCK, -18]).toContain(moved);
  const refusedBy = (errno: number): string[] =>
    Object.keys(others).filter((name) => others[name] === errno);
  expect(refusedBy(LANDLOCK)).toEqual([
    "read",
    "write",
    "list",
    "create",
    "mkdir",
    "unlink",
    "truncate",
    "memory-of-host",
    "environment-of-host",
    "descriptor-of-host",
    "own-memory",
    "own-descriptor-again",
    "working-directory-of-host",
    "openat2",
  ]);
  expect(refusedBy(ABSENT)).toEqual(["clone3"]);
  expect(refusedBy(FILTER)).toEqual([
    "chmod",
    "tcp",
    "mptcp",
    "udp",
    "raw",
    "unix",
    "netlink",
    "packet",
    "vsock",
    "alg",
    "execve",
    "execveat",
    "clone",
    "signal-host",
    "signal-all",
    "pidfd",
    "io_uring",
    "handle",
    "terminal-input",
    "owner-of-descriptor",
    "life-without-host",
    "not-dumpable",
    "memory-layout",
    "tracer",
    "datagram-pair",
    "send-descriptor",
    "memfd",
  ]);
  expect(Object.keys(others)).toHaveLength(14 + 1 + 27);
  expect(readdirSync(place.outside)).toEqual(["file"]);
  expect(readFileSync(join(place.outside, "file"), "utf8")).toBe("content");
  expect(statSync(join(place.outside, "file")).mode).toBe(mode);
});

test.each([
  ["ptrace"],
  ["unshare"],
  ["setns"],
  ["mount"],
  ["chroot"],
  ["bpf"],
  ["userfaultfd"],
  ["perf_event_open"],
  ["keyctl"],
  ["setuid"],
  ["process_vm_readv"],
  ["seccomp"],
  ["capset"],
  ["clone of a namespace"],
  ["personality"],
  ["pidfd_getfd"],
  ["open_by_handle_at"],
  ["fsopen"],
  ["move_mount"],
  ["open_tree"],
  ["pivot_root"],
  ["setgroups"],
  ["prlimit of another"],
  ["shmget"],
  ["kcmp"],
  ["process_vm_writev"],
])("%s ends the cell, and leaves a record of it", async (name) => {
  const events = await inCell({ FATAL: name }, () => false);
  expect(events.map((event) => event.toJSON())).toMatchObject([
    {
      attempted_action: expect.stringMatching(/^crash:/) as string,
      broker_decision: "not_evaluated",
      kernel_decision: "deny",
      kernel_evidence: "seccomp-kill",
    },
  ]);
});
