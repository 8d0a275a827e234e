import { spawn } from "node:child_process";
import { once } from "node:events";

import { expect, test } from "vitest";

import { attest } from "./attest.ts";

test("of a process that is not confined, every line that shows it is reported", async () => {
  const child = spawn("/bin/sleep", ["20"], { stdio: "ignore" });
  const faults = attest(child.pid ?? 0, {
    parent: process.pid,
    user: { uid: 65_534, gid: 65_534 },
  });
  child.kill("SIGKILL");
  await once(child, "exit");
  for (const field of ["NoNewPrivs", "Seccomp", "Uid", "Gid"])
    expect(faults.filter((fault) => fault.startsWith(`${field} of process`))).toHaveLength(1);
});

test("a process that has ended does not count as confined", async () => {
  const child = spawn("/bin/true", { stdio: "ignore" });
  await once(child, "exit");
  expect(attest(child.pid ?? 0, { parent: process.pid })).toEqual([`process ${child.pid} is gone`]);
});

test("another process's child is not taken for ours", () => {
  expect(attest(process.pid, { parent: 1 })).toContainEqual(
    expect.stringMatching(/^PPid of process \d+ is \d+, not 1$/),
  );
});
