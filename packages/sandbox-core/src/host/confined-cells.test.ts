import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Supervisor } from "@pyisolate/sandbox-core";
import { describe, expect, test } from "vitest";

import { keepingSink, policyOf, rejectionOf, until } from "../testing/cells.ts";
import { grounds } from "../testing/granted.ts";
import { isRunning } from "../testing/processes.ts";
import { copied, taken } from "../testing/taken.ts";

const reads = (...paths: string[]): object => ({
  id: "r",
  effect: "allow",
  capability: "filesystem",
  operations: ["read"],
  paths,
});

/** What the kernel says of every thread of a process. */
function threadsOf(pid: number): (string | undefined)[][] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
    return ["NoNewPrivs", "Seccomp", "CapEff", "Uid"].map(
      (field) => new RegExp(`^${field}:\\s*(\\S+)`, "m").exec(status)?.[1],
    );
  });
}

test("every thread of a cell is confined by default, runs as another user on demand, and is not where it is off", async () => {
  const policy = policyOf([]);
  const isRoot = process.geteuid?.() === 0;
  const uid = String(process.getuid?.());
  await using usual = new Supervisor({ policy, pool: 0 });
  await using off = new Supervisor({ policy, pool: 0, kernel: "off" });
  const none = "0000000000000000";
  expect(new Set(threadsOf((await usual.spawn("usual")).pid).map(String))).toEqual(
    new Set([["1", "2", none, uid].join()]),
  );
  expect(threadsOf((await off.spawn("off")).pid)[0]?.[1]).toBe("0");
  const other = new Supervisor({ policy, pool: 0, user: { uid: 65534, gid: 65534 } });
  const seen = await other.spawn("other").then(
    (cell) => [...new Set(threadsOf(cell.pid).map(String))],
    (error: unknown) => [(error as Error).name],
  );
  expect(seen).toEqual(isRoot ? [["1", "2", none, "65534"].join()] : ["CellStartError"]);
  await other.close();
});

test("a cell that makes a forbidden system call is ended, and its record says by what", async () => {
  using ground = grounds();
  const go = join(ground.root, "go");
  using copy = await taken(`ready(); once(${JSON.stringify(go)}, () => process.setuid(1));`);
  const denials = keepingSink();
  const supervisor = new copy.Supervisor({
    policy: policyOf([]),
    pool: 0,
    denials,
    kernel: "require",
  });
  const cell = await supervisor.spawn("escapes");
  writeFileSync(go, "");
  await until("it is ended", () => cell.closed);
  await supervisor.close();
  expect(denials.events.map((event) => event.toJSON())).toMatchObject([
    {
      capability: "limit",
      operation: "crash",
      policy_rule: "limit.crash",
      broker_decision: "not_evaluated",
      kernel_decision: "deny",
      kernel_evidence: "seccomp-kill",
      reason: "kernel",
    },
  ]);
});

test("a taken cell that is confined reads, starts and signals nothing, and its host goes on", async () => {
  using ground = grounds();
  writeFileSync(join(ground.outside, "secret"), "secret");
  const said = join(ground.granted, "said");
  using copy = await taken(`
    const fs = require("node:fs");
    const tried = (act) => { try { return String(act()); } catch (error) { return error.errno; } };
    fs.writeFileSync(${JSON.stringify(said)}, JSON.stringify({
      secret: tried(() => fs.readFileSync(${JSON.stringify(join(ground.outside, "secret"))})),
      host: tried(() => fs.readFileSync("/proc/" + process.ppid + "/environ")),
      memory: tried(() => fs.openSync("/proc/" + process.ppid + "/mem", "r+")),
      link: tried(() => fs.linkSync(${JSON.stringify(join(ground.outside, "secret"))}, ${JSON.stringify(join(ground.granted, "stolen"))})),
      signal: tried(() => process.kill(process.ppid, "SIGTERM")),
      start: tried(() => { const child = require("node:child_process").spawnSync("/bin/true"); if (child.error) throw child.error; return "ran"; }),
    }));
    ready();
  `);
  const supervisor = new copy.Supervisor({
    policy: policyOf([ground.rule]),
    pool: 0,
    kernel: "require",
  });
  await supervisor.spawn("taken");
  const result = JSON.parse(readFileSync(said, "utf8")) as Record<string, number>;
  await supervisor.close();
  expect(result).toEqual({
    secret: -13,
    host: -13,
    memory: -13,
    link: expect.toBeOneOf([-13, -18]) as number,
    signal: -129,
    start: -129,
  });
});

/** The event of a refusal by a kernel plan that is older than the policy. By its reason no alert fires. */
const stale = (target: string): object => ({
  target,
  policyRule: "r",
  reason: "stale",
  brokerDecision: "allow",
  kernelDecision: "deny",
  kernelEvidence: "differential+ruleset",
});

describe("another plan", () => {
  test("makes live cells stale or narrower, and no waiting process is handed out under it", async () => {
    using ground = grounds();
    for (const folder of [ground.granted, ground.outside])
      writeFileSync(join(folder, "file"), "content");
    const read = (folder: string): string =>
      `require("fs").readFileSync(${JSON.stringify(join(folder, "file"))}, "utf8")`;
    const narrow = policyOf([reads(`${ground.granted}/**`)]);
    const wide = policyOf([reads(`${ground.root}/**`)]);
    await using supervisor = new Supervisor({
      policy: narrow,
      token: "t",
      pool: 2,
      kernel: "require",
    });
    const old = await supervisor.spawn("old");
    expect([await old.exec(read(ground.granted)), old.stale]).toEqual(["content", false]);

    await supervisor.reloadPolicy(wide, "t");
    expect(old.stale).toBe(true);
    // The broker allows it by now, and the kernel does not: the record says both, and by its reason that only the cell is old.
    const target = join(ground.outside, "file");
    expect(await rejectionOf(old.exec(read(ground.outside)))).toMatchObject({
      name: "PolicyError",
      denialEvent: stale(target),
    });
    expect(old.denialEvents()).toMatchObject([stale(target)]);
    const fresh = await supervisor.spawn("fresh");
    expect([await fresh.exec(read(ground.outside)), fresh.stale]).toEqual(["content", false]);

    await supervisor.reloadPolicy(narrow, "t");
    expect([old.stale, fresh.stale]).toEqual([false, false]);
    // Broker and kernel both hold live cells to a narrower policy at once.
    expect(await rejectionOf(fresh.exec(read(ground.outside)))).toMatchObject({
      name: "PolicyError",
      denialEvent: { brokerDecision: "deny", kernelDecision: "deny" },
    });
    await fresh.close();
    const narrowed = await supervisor.spawn("narrowed");
    expect(await rejectionOf(narrowed.exec(read(ground.outside)))).toMatchObject({
      denialEvent: { brokerDecision: "deny", kernelDecision: "deny" },
    });
  });

  test("follows the disk: the next cell has a file that came later", async () => {
    using ground = grounds();
    const file = join(ground.outside, "later/file");
    await using supervisor = new Supervisor({
      policy: policyOf([reads(`${ground.outside}/later/**`)]),
      pool: 1,
      kernel: "require",
    });
    const source = `require("fs").readFileSync(${JSON.stringify(file)}, "utf8")`;
    const old = await supervisor.spawn("old");
    mkdirSync(join(ground.outside, "later"));
    writeFileSync(file, "content");
    expect(await rejectionOf(old.exec(source))).toMatchObject({ name: "PolicyError" });
    expect([old.stale, old.denialEvents()]).toMatchObject([true, [stale(file)]]);
    const fresh = await supervisor.spawn("fresh");
    expect([await fresh.exec(source), fresh.stale]).toEqual(["content", false]);
  });
});

test("without its launcher a host says so once, runs cells by the broker alone, and records it", async () => {
  using copy = await copied((dist) => {
    const named = join(dist, "kernel/launcher-package.js");
    const source = readFileSync(named, "utf8").replace(
      "@pyisolate/launcher-linux-",
      "@pyisolate/none-",
    );
    writeFileSync(named, source);
  });
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  const policy = policyOf([]);
  const supervisor = new copy.Supervisor({ policy, pool: 0 });
  const cell = await supervisor.spawn("alone");
  await rejectionOf(cell.exec(`require("fs").readFileSync("/etc/passwd")`));
  expect(cell.denialEvents().map(({ kernelDecision }) => kernelDecision)).toEqual(["unavailable"]);
  expect(threadsOf(cell.pid)[0]?.[1]).toBe("0");
  await supervisor.close();
  process.off("warning", listen);
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /not confined by the kernel.*\n  - launcher: the optional package/,
    ) as string,
  ]);
  expect(() => new copy.Supervisor({ policy, kernel: "require" })).toThrow(
    "launcher: the optional package",
  );
  expect(() => new copy.Supervisor({ policy, user: { uid: 1, gid: 1 } })).toThrow(
    "user cannot be met",
  );
});

test("after many spawns and closes, no process and no descriptor is left", async () => {
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  const supervisor = new Supervisor({ policy: policyOf([]), pool: 2, kernel: "require" });
  await (await supervisor.spawn("first")).close();
  const before = descriptors();
  const pids: number[] = [];
  for (let round = 0; round < 60; round++) {
    const cell = await supervisor.spawn("round");
    pids.push(cell.pid);
    await cell.close();
  }
  await supervisor.close();
  expect(pids.filter(isRunning)).toEqual([]);
  expect(descriptors()).toBeLessThanOrEqual(before);
}, 60_000);
