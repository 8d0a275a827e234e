import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { until } from "../testing/cells.ts";
import { startHost } from "../testing/hosts.ts";
import { isRunning, processesRunning, processesWith } from "../testing/processes.ts";

const POLICY = JSON.stringify({
  version: 1,
  name: "host",
  rules: [
    { id: "std", effect: "allow", capability: "import", modules: ["*"] },
    {
      id: "cmd",
      effect: "allow",
      capability: "subprocess",
      operations: ["exec"],
      // With what the guest passes: a policy that grants a shell any arguments would make a process warning.
      commands: [
        { path: "/bin/sh", args: ["-c", "*"] },
        "/bin/sleep",
        { path: "/usr/bin/setsid", args: ["s*", "**"] },
        { path: "/usr/bin/env", args: ["-i", "**"] },
        "/bin/cat",
        "/bin/ls",
      ],
    },
  ],
  limits: { cpu_ms: 600_000, wall_ms: 600_000 },
});

/** A host with a guest that spins, and one whose command has left its process group. `tag` is in the command's line. */
const spinning = (tag: string, then: string): string => `
  const supervisor = new Supervisor({ policy: ${POLICY}, pool: 1 });
  const [spins, runs] = [await supervisor.spawn("spins"), await supervisor.spawn("runs")];
  spins.exec("while (true) {}").catch(() => {});
  runs.exec("require('child_process').execFileSync('/bin/sh', ['-c', 'setsid sleep ${tag} & setsid sh -c \\\\'sleep ${tag}; :\\\\' & sleep ${tag}'])").catch(() => {});
  say({ cells: [spins.pid, runs.pid] });
  ${then}
`;

let lastTag = 0;
/** A number of seconds that no other test sleeps for. */
const newTag = (): string => `${100_000 + process.pid}.${++lastTag}`;

describe("a host that dies leaves no process behind, though guests spin and commands run", () => {
  test.each([
    ["killed outright", "SIGKILL", ""],
    [
      "by process.exit without closing anything",
      "SIGUSR2",
      `process.on("SIGUSR2", () => process.exit(3));`,
    ],
    [
      "by an uncaught exception",
      "SIGUSR2",
      `process.on("SIGUSR2", () => { throw new Error("host broke"); });`,
    ],
  ] as const)("%s", async (_how, signal, onSignal) => {
    const tag = newTag();
    const then = `${onSignal} await new Promise((resolve) => setTimeout(resolve, 600_000));`;
    using host = startHost(spinning(tag, then));
    const cells = (await host.heard("cells")) as number[];
    const marks = cells.map(
      (pid) => /PYISOLATE_SUPERVISOR=\w+/.exec(environmentOf(pid))?.[0] ?? "none",
    );
    await until("the commands run", () => processesRunning(`sleep\0${tag}`).length === 3);
    host.child.kill(signal);
    await host.ended();
    await until("the cells are gone", () => cells.every((pid) => !isRunning(pid)));
    await until("what they started is gone", () => processesRunning(tag).length === 0);
    await until(
      "nothing carries the host's mark",
      () => processesWith(marks[0] ?? "none").length === 0,
    );
    await until(
      "the reaper is gone",
      () => processesRunning(marks[0]?.split("=")[1] ?? "none").length === 0,
    );
  });

  test("killed outright, with a command that emptied its environment", async () => {
    const tag = newTag();
    using host = startHost(`
      const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0 });
      const cell = await supervisor.spawn("runs");
      cell.exec("require('child_process').execFileSync('/bin/sh', ['-c', 'env -i sleep ${tag} & sleep ${tag}'])").catch(() => {});
      say({ pid: cell.pid });
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    `);
    await host.heard("pid");
    await until("the commands run", () => processesRunning(`sleep\0${tag}`).length === 2);
    host.child.kill("SIGKILL");
    await until("what the cell started is gone", () => processesRunning(tag).length === 0);
  });

  test("a reaper that was killed is replaced", async () => {
    using host = startHost(
      spinning(newTag(), "await new Promise((resolve) => setTimeout(resolve, 600_000));"),
    );
    const cells = (await host.heard("cells")) as number[];
    const mark = /PYISOLATE_SUPERVISOR=(\w+)/.exec(environmentOf(cells[0] ?? 0))?.[1] ?? "none";
    const reapers = (): number[] => processesRunning(`pyisolate-reaper\0${mark}`);
    await until("there is one", () => reapers().length === 1);
    const [first = 0] = reapers();
    process.kill(first, "SIGKILL");
    await until("there is another one", () => reapers().some((pid) => pid !== first));
    expect(cells.every((pid) => isRunning(pid))).toBe(true);
    host.child.kill("SIGKILL");
    await until("the cells are gone", () => cells.every((pid) => !isRunning(pid)));
  });
});

describe("a host that ends by itself", () => {
  test("is not held by cells, the pool or the supervisor", async () => {
    using host = startHost(`
      const supervisor = new Supervisor({ policy: ${POLICY}, pool: 1 });
      const cell = await supervisor.spawn("idle");
      say({ pid: cell.pid, value: await cell.exec("setTimeout(() => {}, 600000); 7") });
    `);
    const pid = (await host.heard("pid")) as number;
    expect(await host.ended()).toEqual({ code: 0, signal: null });
    expect(await host.heard("value")).toBe(7);
    await until("the cell is gone", () => !isRunning(pid));
  });

  test("is held by a call in flight, and by a reader that waits for messages", async () => {
    using host = startHost(`
      const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0 });
      const cell = await supervisor.spawn("busy");
      cell.exec("new Promise((resolve) => setTimeout(resolve, 500, 'late'))").then((value) => say({ value }));
      const other = await supervisor.spawn("posts");
      await other.exec("setTimeout(() => post('message'), 900); 0");
      for await (const message of other.messages()) { say({ message }); break; }
    `);
    expect(await host.ended()).toEqual({ code: 0, signal: null });
    expect(host.said).toEqual([{ value: "late" }, { message: "message" }]);
  });
});

test("nothing of the host's environment or descriptors reaches a cell or its commands", async () => {
  const inherited = openSync("/etc/hostname", "r");
  using host = startHost(
    `
    const supervisor = new Supervisor({ kernel: "off", policy: ${POLICY}, pool: 0 });
    const cell = await supervisor.spawn("looks");
    say({ pid: cell.pid });
    const run = (script) => cell.exec("require('child_process').execFileSync('/bin/sh', ['-c', " + JSON.stringify(script) + "], 'utf8')");
    say({ env: await run("env"), fds: await run("ls /proc/self/fd"), cell: await run("cat /proc/$PPID/environ; ls -l /proc/$PPID/fd") });
    await supervisor.close();
    `,
    // A descriptor above those that Node looks at when it starts.
    { inherited },
  );
  closeSync(inherited);
  const env = (await host.heard("env")) as string;
  // PWD is the shell's own.
  const names = env
    .trim()
    .split("\n")
    .map((line) => line.replace(/=.*$/, ""));
  expect(names.filter((name) => name !== "PWD").toSorted()).toEqual([
    "HOME",
    "LANG",
    "PATH",
    "PYISOLATE_CELL",
    "PYISOLATE_SUPERVISOR",
  ]);
  // Its three streams, and the listing itself.
  expect(((await host.heard("fds")) as string).trim().split("\n")).toEqual(["0", "1", "2", "3"]);
  const cell = (await host.heard("cell")) as string;
  expect(cell).not.toContain("SECRET_OF_THE_HOST");
  expect(cell).not.toContain("/etc/hostname");
  expect(await host.ended()).toEqual({ code: 0, signal: null });
});

test("a host without descriptors is told so, by an error and not by a crash", async () => {
  using host = startHost(
    `
    const supervisor = new Supervisor({ policy: ${POLICY}, pool: 2 });
    const fs = await import("node:fs");
    const held = [];
    try { for (;;) held.push(fs.openSync("/dev/null")); } catch {}
    const failures = [];
    for (let at = 0; at < 4; at++) await supervisor.spawn("none").then(() => failures.push("spawned"), (error) => failures.push(error.name + ": " + error.message));
    for (const fd of held) fs.closeSync(fd);
    say({ failures });
    say({ after: await (await supervisor.spawn("later")).exec("1") });
    await supervisor.close();
    `,
    { wrap: ["/bin/sh", "-c", `ulimit -n 100; exec "$@"`, "sh"] },
  );
  const failures = (await host.heard("failures")) as string[];
  // One or two may still have been started before.
  expect(failures.at(-1)).toMatch(
    /^CellStartError: A cell process could not be started \(EMFILE\): .*raise the limit/,
  );
  expect(await host.heard("after")).toBe(1);
  expect(await host.ended()).toEqual({ code: 0, signal: null });
});

test("a host without descriptors for a while still ends what a cell started", async () => {
  const tag = newTag();
  using host = startHost(
    `
    const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0 });
    const cell = await supervisor.spawn("runs");
    await cell.exec("require('child_process').execFileSync('/bin/sh', ['-c', 'setsid sleep ${tag} > /dev/null 2>&1 &'])");
    say({ started: true });
    const fs = await import("node:fs");
    const held = [];
    try { for (;;) held.push(fs.openSync("/dev/null")); } catch {}
    const closing = cell.close();
    // What the cell's own end gives back is taken as well.
    const taking = setInterval(() => { try { for (;;) held.push(fs.openSync("/dev/null")); } catch {} }, 1);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    clearInterval(taking);
    for (const fd of held) fs.closeSync(fd);
    await closing;
    say({ closed: true });
    await new Promise((resolve) => setTimeout(resolve, 600_000));
    `,
    { wrap: ["/bin/sh", "-c", `ulimit -n 100; exec "$@"`, "sh"] },
  );
  await host.heard("closed");
  expect(processesRunning(`sleep\0${tag}`)).toEqual([]);
  expect(host.errors()).toBe("");
});

test("a host whose Node is gone is told so", async () => {
  using host = startHost(`
    process.execPath = "/nowhere/node";
    const supervisor = new Supervisor({ policy: ${POLICY}, pool: 1 });
    await supervisor.spawn("none").catch((error) => say({ failure: error.name + ": " + error.message }));
    await supervisor.close();
  `);
  expect(await host.heard("failure")).toMatch(
    /^CellStartError: .*ENOENT.*\/nowhere\/node; restart the host/,
  );
  expect(await host.ended()).toEqual({ code: 0, signal: null });
});

function environmentOf(pid: number): string {
  return execFileSync("/bin/cat", [`/proc/${pid}/environ`], { encoding: "latin1" });
}
