import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { keepingSink, policyOf, rejectionOf } from "../testing/cells.ts";
import { type Grounds, grounds } from "../testing/granted.ts";

// What a command of a confined cell can do: by the plan of its cell, and by the filter, which it inherits.

let place: Grounds;
let ends: string;

beforeAll(() => {
  place = grounds();
  ends = join(place.granted, "ends");
  const source = join(place.root, "ends.c");
  writeFileSync(
    source,
    `#include <sys/syscall.h>
     #include <unistd.h>
     int main(int count, char **words) {
       if (count > 1) syscall(SYS_mount, "none", "/", "tmpfs", 0, 0);
       write(1, "went on", 7);
       return 0;
     }`,
  );
  execFileSync(process.env["CC"] ?? "cc", ["-O1", "-o", ends, source]);
  mkdirSync(join(place.outside, "below"));
  for (const name of ["file", "below/file"]) writeFileSync(join(place.outside, name), "content");
});
afterAll(() => place[Symbol.dispose]());

const command = (commands: string[], more: object = {}): object => ({
  id: "command",
  effect: "allow",
  capability: "subprocess",
  commands,
  ...more,
});

describe.each(["sync", "promise"])("%s", (how) => {
  const run = (file: string, ...args: string[]): string => {
    const call = `(${JSON.stringify(file)}, ${JSON.stringify(args)}, { encoding: "utf8" })`;
    return how === "sync"
      ? `require("child_process").execFileSync${call}`
      : `(await require("child_process").execFile${call}).stdout`;
  };

  test("a command that the filter ends leaves a record that names it, and its cell goes on", async () => {
    const denials = keepingSink();
    await using supervisor = new Supervisor({
      policy: policyOf([command([ends])]),
      denials,
      pool: 0,
      kernel: "require",
    });
    await using cell = await supervisor.spawn("commands");
    expect(await cell.exec(run(ends))).toBe("went on");
    const error = await rejectionOf(cell.exec(run(ends, "mount")));
    expect(error).toMatchObject({ name: "PolicyError" });
    expect(denials.events.map((event) => event.toJSON())).toMatchObject([
      {
        cell: "commands",
        capability: "subprocess",
        attempted_action: `exec:${ends} mount`,
        policy_rule: "command",
        broker_decision: "allow",
        kernel_decision: "deny",
        kernel_evidence: "seccomp-kill",
        reason: "kernel",
      },
    ]);
    expect(await cell.exec(run(ends))).toBe("went on");
  });

  test("what its rule lets it read it reads, its guest does not, and nothing else is read", async () => {
    const denials = keepingSink();
    const reads = [join(place.outside, "below/**")];
    await using supervisor = new Supervisor({
      policy: policyOf([command(["/bin/cat"], { reads })]),
      denials,
      pool: 0,
      kernel: "require",
    });
    await using cell = await supervisor.spawn("reads");
    const below = join(place.outside, "below/file");
    expect(await cell.exec(run("/bin/cat", below))).toBe("content");
    const refused = await rejectionOf(cell.exec(run("/bin/cat", join(place.outside, "file"))));
    expect(refused.message).toMatch(/Command failed/);
    expect(denials.events).toEqual([]);
    // The broker is the only barrier between the guest and what its commands may read, and the record says so.
    const own = `require("fs").readFileSync(${JSON.stringify(below)}, "utf8")`;
    expect(await rejectionOf(cell.exec(own))).toMatchObject({ name: "PolicyError" });
    expect(denials.events.map((event) => event.toJSON())).toMatchObject([
      { target: below, broker_decision: "deny", kernel_decision: "allow", kernel_evidence: null },
    ]);
  });
});

test("without a rule for commands a cell's kernel knows neither exec nor fork", async () => {
  const denials = keepingSink();
  await using supervisor = new Supervisor({
    policy: policyOf([]),
    denials,
    pool: 0,
    kernel: "require",
  });
  await using cell = await supervisor.spawn("none");
  await rejectionOf(cell.exec(`require("child_process").execFileSync("/bin/true")`));
  expect(denials.events.map((event) => event.toJSON())).toMatchObject([
    { broker_decision: "deny", kernel_decision: "deny", kernel_evidence: "seccomp-errno" },
  ]);
});
