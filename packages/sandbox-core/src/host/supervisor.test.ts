import { AsyncLocalStorage } from "node:async_hooks";

import {
  CellStartError,
  ClosedError,
  PolicyAuthError,
  PolicyError,
  Supervisor,
} from "@pyisolate/sandbox-core";
import type { DenialEvent, DenialSink } from "@pyisolate/policy";
import { describe, expect, test, vi } from "vitest";

import { keepingSink, policyOf, rejectionOf, until } from "../testing/cells.ts";
import { isRunning, processesWith } from "../testing/processes.ts";

const policy = policyOf([{ id: "rng", effect: "allow", capability: "random" }]);
const READ = `require("fs").readFileSync("/etc/shadow")`;

describe("closing", () => {
  test("settles every call in flight with ClosedError, and takes the process along", async () => {
    await using supervisor = new Supervisor({ policy, pool: 0 });
    const cell = await supervisor.spawn("guest");
    const calls = [
      "new Promise(() => {})",
      "new Promise((r) => setTimeout(r, 60000))",
      "while (true) {}",
    ].map(async (source) => await rejectionOf(cell.exec(source)));
    await cell.close();
    expect(await Promise.all(calls)).toMatchObject([
      { name: "ClosedError" },
      { name: "ClosedError" },
      { name: "ClosedError" },
    ]);
    expect(isRunning(cell.pid)).toBe(false);
    expect(await rejectionOf(cell.exec("1"))).toBeInstanceOf(ClosedError);
    expect(await rejectionOf(cell.call("f"))).toBeInstanceOf(ClosedError);
    expect(await cell.messages().next()).toEqual({ done: true, value: undefined });
    expect(cell.denialEvents()).toEqual([]);
    await cell.close();
  });

  test("the supervisor closes all cells, also while some start, any number of times", async () => {
    const supervisor = new Supervisor({ policy, pool: 2 });
    const cells = await Promise.all([supervisor.spawn("a"), supervisor.spawn("b")]);
    const late = rejectionOf(supervisor.spawn("c"));
    await Promise.all([supervisor.close(), supervisor.close()]);
    await supervisor.close();
    expect(cells.map((cell) => [cell.closed, isRunning(cell.pid)])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(await late).toBeInstanceOf(CellStartError);
    expect(await rejectionOf(supervisor.spawn("d"))).toMatchObject({
      name: "CellStartError",
      message: expect.stringContaining("closed") as string,
    });
    await until("the pool's processes are gone", () =>
      processesWith(`PYISOLATE_SUPERVISOR=`).every(
        (pid) => !cells.some((cell) => cell.pid === pid),
      ),
    );
  });

  test("tells the sink each cell's totals once, and why it ended", async () => {
    const ends: object[] = [];
    const sink: DenialSink = {
      record: () => undefined,
      closed: (totals) => void ends.push(totals),
    };
    await using supervisor = new Supervisor({ policy, denials: sink, pool: 1 });
    const cell = await supervisor.spawn("guest");
    await cell.exec(`Math.random(); try { ${READ} } catch {} 0`);
    await cell.close();
    await cell.close();
    const other = await supervisor.spawn("other");
    process.kill(other.pid, "SIGKILL");
    await until("its end is told", () => ends.length === 2);
    expect(ends).toEqual([
      { cell: "guest", denials: 1, allowed: 2, cause: "closed" },
      { cell: "other", denials: 1, allowed: 0, cause: "limit" },
    ]);
  });
});

describe("the pool", () => {
  test("spawns side by side are cells of their own, and more than it holds are started", async () => {
    await using supervisor = new Supervisor({ policy, pool: 1 });
    const cells = await Promise.all(
      ["a", "b", "c", "d"].map(async (name) => await supervisor.spawn(name)),
    );
    expect(new Set(cells.map((cell) => cell.pid)).size).toBe(4);
    expect(
      await Promise.all(
        cells.map(async (cell, index) => await cell.exec(`globalThis.me = ${index}; me`)),
      ),
    ).toEqual([0, 1, 2, 3]);
  });

  test("a process that dies while it waits is never handed out", async () => {
    await using supervisor = new Supervisor({ policy, pool: 2 });
    const first = await supervisor.spawn("first");
    const mark = supervisorMark(first.pid);
    await until("two are ready", () => waiting(mark, [first.pid]).length === 2);
    // A process that is ready waits, and uses no more CPU time.
    await until("both have come to rest", async () => await haveRested(waiting(mark, [first.pid])));
    const killed = waiting(mark, [first.pid]);
    for (const pid of killed) process.kill(pid, "SIGKILL");
    // They are gone for the kernel by now. The host may or may not have been told.
    while (killed.some((pid) => isRunning(pid)));
    const cells = await Promise.all([
      supervisor.spawn("a"),
      supervisor.spawn("b"),
      supervisor.spawn("c"),
    ]);
    expect(await Promise.all(cells.map(async (cell) => await cell.exec("1")))).toEqual([1, 1, 1]);
    expect(supervisor.stats.denials).toBe(0);
  });

  test("processes made for another memory limit are not handed out after a reload", async () => {
    await using supervisor = new Supervisor({ policy, token: "t", pool: 1 });
    const first = await supervisor.spawn("first");
    const mark = supervisorMark(first.pid);
    await until("one is ready", () => waiting(mark, [first.pid]).length === 1);
    const stale = waiting(mark, [first.pid]);
    await supervisor.reloadPolicy(policyOf([], { memory_mib: 16 }), "t");
    const cell = await supervisor.spawn("second");
    expect(stale).not.toContain(cell.pid);
    await until("the stale one is gone", () => stale.every((pid) => !isRunning(pid)));
    // Some 30 MiB of objects.
    const fill = "const a = []; for (let i = 0; i < 3e5; i++) a.push({ i, list: [i] }); a.length";
    expect(await first.exec(fill)).toBe(300_000);
    expect(await rejectionOf(cell.exec(fill))).toMatchObject({ name: "PolicyError" });
    expect(cell.denialEvents().map((event) => event.policyRule)).toEqual(["limit.memory"]);
  });

  test("its size and a cell's name are checked", async () => {
    expect(() => new Supervisor({ policy, pool: -1 })).toThrow(TypeError);
    expect(() => new Supervisor({ policy, pool: 1.5 })).toThrow(TypeError);
    await using supervisor = new Supervisor({ policy, pool: 0 });
    for (const name of ["", "x".repeat(129), 7 as unknown as string])
      expect(await rejectionOf(supervisor.spawn(name))).toBeInstanceOf(TypeError);
  });
});

describe("reloading with a wrong token", () => {
  test.each([
    ["wrong"],
    [""],
    ["t\0"],
    [undefined],
    [{ toString: (): string => "t" }],
    ["T"],
    ["t".repeat(1_000_000)],
  ])("%o: rejects, is recorded, and changes nothing", async (token) => {
    const denials = keepingSink();
    await using supervisor = new Supervisor({ policy, denials, token: "t", pool: 0 });
    const before = supervisor.policy;
    const error = await rejectionOf(supervisor.reloadPolicy(policyOf([]), token as string));
    expect(error).toBeInstanceOf(PolicyAuthError);
    expect(denials.events).toEqual([error["denialEvent"]]);
    expect(denials.events[0]).toMatchObject({
      capability: "control",
      operation: "reload_policy",
      reason: "auth",
      policyRule: "control.token",
    });
    expect(supervisor.denialEvents()).toEqual(denials.events);
    expect(supervisor.policy).toBe(before);
  });

  test("without a token none is right, and a bad policy with the right one changes nothing either", async () => {
    await using closed = new Supervisor({ policy, pool: 0 });
    expect(await rejectionOf(closed.reloadPolicy(policyOf([]), ""))).toBeInstanceOf(
      PolicyAuthError,
    );
    await using supervisor = new Supervisor({ policy, token: "t", pool: 0 });
    const before = supervisor.policy;
    expect(await rejectionOf(supervisor.reloadPolicy({ version: 9 }, "t"))).toMatchObject({
      name: "InvalidPolicyError",
    });
    expect(supervisor.policy).toBe(before);
    expect(supervisor.stats.denials).toBe(0);
  });
});

describe("a sink", () => {
  test.each<[string, () => unknown]>([
    [
      "that throws",
      () => {
        throw new Error("sink broke");
      },
    ],
    [
      "that is slow",
      () => {
        const end = Date.now() + 100;
        while (Date.now() < end);
      },
    ],
    [
      "that is asynchronous and rejects",
      async () => {
        throw new Error("sink broke");
      },
    ],
  ])("%s changes no decision and loses no event", async (_how, behaviour) => {
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const sink = { record: behaviour, allowed: behaviour, closed: behaviour } as DenialSink;
    await using supervisor = new Supervisor({ policy, denials: sink, pool: 0 });
    await using cell = await supervisor.spawn("guest");
    expect(
      await cell.exec(
        `let r = []; Math.random(); try { ${READ} } catch (e) { r.push(e.reason) } r`,
      ),
    ).toEqual(["no_rule"]);
    expect(await rejectionOf(cell.exec(`fetch("http://127.0.0.1:9/")`))).toBeInstanceOf(
      PolicyError,
    );
    expect(supervisor.stats).toMatchObject({ denials: 2, allowed: 2 });
    await cell.close();
    warnings.mockRestore();
  });

  test("records in the async context of the caller, on every road, each of two interleaved calls its own", async () => {
    const caller = new AsyncLocalStorage<string>();
    const seen: [string | undefined, string][] = [];
    const sink: DenialSink = {
      record: (event: DenialEvent) =>
        void seen.push([
          caller.getStore(),
          event.policyRule === "default" ? event.target : event.policyRule,
        ]),
    };
    await using supervisor = caller.run(
      "supervisor",
      () =>
        new Supervisor({
          policy: policyOf([], { wall_ms: 3000, calls: 50 }),
          denials: sink,
          pool: 1,
        }),
    );
    await using cell = await caller.run("spawn", async () => await supervisor.spawn("guest"));
    const program = (name: string): string => `(async () => {
      const fs = require("fs"); const quiet = (work) => { try { return work(); } catch {} };
      quiet(() => fs.readFileSync("/${name}/sync"));
      await fs.promises.readFile("/${name}/async").catch(() => {});
      quiet(() => fs.readFileSync("/${name}/after-await"));
      await new Promise((resolve) => setTimeout(() => { quiet(() => fs.readFileSync("/${name}/timer")); resolve(); }, 20));
      await fetch("http://${name}.test/").catch(() => {});
      setTimeout(() => quiet(() => fs.readFileSync("/${name}/left-behind")), 50);
    })()`;
    await Promise.all([
      caller.run("a", async () => await cell.exec(program("a"))),
      caller.run("b", async () => await cell.exec(program("b"))),
    ]);
    await until("what was left behind has been refused", () => seen.length === 12);
    for (const [store, target] of seen)
      expect(target).toMatch(new RegExp(`^(?:/${store}/|${store}\\.test:80)`));
    expect(seen.filter(([store]) => store === "a")).toHaveLength(6);

    seen.length = 0;
    await rejectionOf(caller.run("waits", async () => await cell.exec("new Promise(() => {})")));
    expect(seen).toEqual([["waits", "limit.wall"]]);
  });

  test("records what no call explains in the async context of `spawn`", async () => {
    const caller = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    await using supervisor = caller.run(
      "supervisor",
      () =>
        new Supervisor({
          policy,
          denials: { record: () => void seen.push(caller.getStore()) },
          pool: 1,
        }),
    );
    const cell = await caller.run("spawn", async () => await supervisor.spawn("guest"));
    process.kill(cell.pid, "SIGKILL");
    await until("the end is recorded", () => seen.length > 0);
    expect(seen).toEqual(["spawn"]);
  });
});

describe("what goes in and out", () => {
  test("calls on one cell settle independently", async () => {
    await using supervisor = new Supervisor({ policy, pool: 0 });
    await using cell = await supervisor.spawn("guest");
    const settled: string[] = [];
    await Promise.all([
      cell
        .exec("new Promise((resolve) => setTimeout(resolve, 300, 'slow'))")
        .then((value) => settled.push(String(value))),
      rejectionOf(cell.exec("throw new Error('broken')")).then((error) =>
        settled.push(error.message),
      ),
      rejectionOf(cell.exec(READ)).then((error) => settled.push(error.name)),
      cell.exec("'quick'").then((value) => settled.push(String(value))),
    ]);
    expect(settled.slice(0, 3).toSorted()).toEqual(["PolicyError", "broken", "quick"]);
    expect(settled.at(-1)).toBe("slow");
  });

  test("values travel as structured clone has them, and bytes bring nothing along", async () => {
    await using supervisor = new Supervisor({ policy, pool: 0 });
    await using cell = await supervisor.spawn("guest");
    await cell.exec(
      "globalThis.echo = (...all) => all; globalThis.room = (bytes) => bytes.buffer.byteLength; 0",
    );
    const given = [
      1,
      "é",
      null,
      undefined,
      -0,
      5n,
      new Date(5),
      [1, [2]],
      { a: { b: 1 } },
      new Map([[1, { x: 1 }]]),
      new Set(["s"]),
      new Uint8Array([1, 2]),
      new Float64Array([0.5]),
    ];
    const back = (await cell.call("echo", ...given)) as unknown[];
    expect(back).toEqual(given);
    expect((back[11] as Uint8Array).buffer.byteLength).toBe(2);
    expect(await cell.call("room", Buffer.from("abc"))).toBe(3);
    expect(await rejectionOf(cell.call("echo", () => 1))).toMatchObject({
      message: "() => 1 could not be cloned.",
    });
    expect(await rejectionOf(cell.call("nothing"))).toMatchObject({
      name: "GuestError",
      message: "globalThis.nothing is not a function",
    });
    expect(await cell.exec("() => 1")).toBeUndefined();
    expect(await rejectionOf(cell.exec("({ a: [() => 1] })"))).toMatchObject({
      name: "GuestError",
      guestName: "DataCloneError",
      message: "the result cannot leave the cell: value.a.0 is a function",
    });
    expect(await rejectionOf(cell.exec(7 as unknown as string))).toBeInstanceOf(TypeError);
    const hostile = (await cell.exec(
      `({ ["__proto__"]: { polluted: 1 }, constructor: { prototype: { polluted: 1 } } })`,
    )) as object;
    expect(Object.keys(hostile)).toContain("__proto__");
    expect(Object.getPrototypeOf(hostile)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(cell.stats.denials).toBe(0);
  });

  test("messages come in order, to readers that wait or come later, each to one reader", async () => {
    await using supervisor = new Supervisor({ policy, pool: 0 });
    const cell = await supervisor.spawn("guest");
    const early = [cell.messages().next(), cell.messages().next()];
    await cell.exec("post(1); post({ two: 2 }); post(3); post(4); 0");
    expect((await Promise.all(early)).map(({ value }) => value)).toEqual([1, { two: 2 }]);
    const rest: unknown[] = [];
    const reading = (async () => {
      for await (const message of cell.messages()) rest.push(message);
    })();
    await cell.exec("post(new Uint8Array([5])); 0");
    await until("all are read", () => rest.length === 3);
    await cell.close();
    await reading;
    expect(rest).toEqual([3, 4, new Uint8Array([5])]);
  });

  test("a console line is clean, and a host that fails to take it is warned and no guest blamed", async () => {
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const lines: string[] = [];
    await using supervisor = new Supervisor({ policy, pool: 0 });
    await using cell = await supervisor.spawn("guest", {
      onConsole: (level, text) => {
        lines.push(`${level} ${text}`);
        throw new Error("host broke");
      },
    });
    expect(await cell.exec(String.raw`console.warn("a\u001b[31m\u202eb\n", 1, { c: 2 }); 1`)).toBe(
      1,
    );
    expect(lines).toEqual([String.raw`warn a\u{1b}[31m\u{202e}b`, "warn  1 { c: 2 }"]);
    expect(warnings).toHaveBeenCalledWith("onConsole threw: host broke", "PyIsolateWarning");
    expect(cell.closed).toBe(false);
    warnings.mockRestore();
  });
});

function supervisorMark(pid: number): string {
  // The mark that a supervisor's processes share, by which the test tells them from those of other tests.
  const [mark] = /PYISOLATE_SUPERVISOR=\w+/.exec(readEnvironment(pid)) ?? ["none"];
  return mark;
}

function readEnvironment(pid: number): string {
  return process.getBuiltinModule("node:fs").readFileSync(`/proc/${pid}/environ`, "latin1");
}

function waiting(mark: string, taken: readonly number[]): number[] {
  return processesWith(mark).filter((pid) => !taken.includes(pid) && isRunning(pid));
}

async function haveRested(pids: readonly number[]): Promise<boolean> {
  const stats = (): string =>
    pids
      .map((pid) =>
        process
          .getBuiltinModule("node:fs")
          .readFileSync(`/proc/${pid}/stat`, "latin1")
          .split(" ")
          .slice(13, 15)
          .join(),
      )
      .join();
  const before = stats();
  await new Promise((resolve) => {
    setTimeout(resolve, 250);
  });
  return stats() === before;
}
