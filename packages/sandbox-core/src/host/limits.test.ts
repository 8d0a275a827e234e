import { PolicyError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { policyOf, rejectionOf, until } from "../testing/cells.ts";
import { isRunning } from "../testing/processes.ts";

const limits = { cpu_ms: 500, wall_ms: 25_000, memory_mib: 32, calls: 20, output_bytes: 1000 };
const policy = policyOf([{ id: "rng", effect: "allow", capability: "random" }], limits);

let supervisor: Supervisor;
beforeAll(() => {
  supervisor = new Supervisor({ policy, token: "t", pool: 2 });
});
afterAll(async () => {
  await supervisor.close();
});

const rulesOf = (cell: Sandbox): string[] => cell.denialEvents().map((event) => event.policyRule);

describe("limits that end the cell do so with one event, the one that every call in flight is rejected with", () => {
  test.each<[limit: string, source: string, others?: Readonly<Record<string, number>>]>([
    ["cpu", "while (true) {}"],
    ["cpu", "(async () => { for (;;) await 1; })()"],
    // V8 looks at no interrupt while it squares: the host ends it by what the kernel says.
    ["cpu", "let x = 2n; for (;;) x = x * x;"],
    ["cpu", "/(a+)+$/.test('a'.repeat(40) + 'b')"],
    ["wall", "new Promise(() => {})", { wall_ms: 1000 }],
    [
      "memory",
      "const all = []; for (;;) all.push(new Array(1000).fill(all.length));",
      { cpu_ms: 20_000 },
    ],
    [
      "memory",
      "post(new Uint8Array(1)); const all = []; for (;;) all.push('x'.repeat(100_000) + all.length);",
      { cpu_ms: 20_000 },
    ],
  ])("%s: %s", async (limit, source, others) => {
    await using own = new Supervisor({ policy: policyOf([], { ...limits, ...others }), pool: 0 });
    const cell = await own.spawn("guest");
    const waiting = rejectionOf(cell.exec("new Promise(() => {})"));
    const error = await rejectionOf(cell.exec(source));
    expect(error).toBeInstanceOf(PolicyError);
    expect(rulesOf(cell)).toEqual([`limit.${limit}`]);
    const [event] = cell.denialEvents();
    expect(error["denialEvent"]).toBe(event);
    expect((await waiting)["denialEvent"]).toBe(event);
    expect(event).toMatchObject({
      capability: "limit",
      reason: "limit",
      operation: limit,
      brokerDecision: "not_evaluated",
    });
    expect(cell.closed).toBe(true);
    expect(await rejectionOf(cell.exec("1"))).toMatchObject({
      name: "ClosedError",
      message: expect.stringContaining(`limit.${limit}`) as string,
    });
    await cell.close();
    expect(isRunning(cell.pid)).toBe(false);
  });

  test("cpu: what a settled call left behind is on its account too", async () => {
    const cell = await supervisor.spawn("guest");
    await cell.exec("setTimeout(() => { for (;;); }, 10); 0");
    await until("the cell is ended", () => cell.closed);
    expect(rulesOf(cell)).toEqual(["limit.cpu"]);
  });

  test("crash: a process that is killed from outside is recorded as that", async () => {
    const cell = await supervisor.spawn("guest");
    const waiting = rejectionOf(cell.exec("new Promise(() => {})"));
    process.kill(cell.pid, "SIGKILL");
    expect(await waiting).toBeInstanceOf(PolicyError);
    expect(cell.denialEvents()).toMatchObject([{ policyRule: "limit.crash", target: "SIGKILL" }]);
  });
});

describe("limits that refuse leave the cell alive", () => {
  test("calls: one event for each operation too many, and a fresh count for the next call", async () => {
    await using cell = await supervisor.spawn("guest");
    const source =
      "let refused = 0; for (let i = 0; i < 25; i++) { try { Math.random(); } catch (e) { if (e.reason === 'limit') refused++; } } refused";
    expect(await cell.exec(source)).toBe(5);
    expect(rulesOf(cell)).toEqual(Array(5).fill("limit.calls"));
    expect(cell.denialEvents()[0]?.target).toBe("random read:");
    expect(await cell.exec("Math.random() >= 0")).toBe(true);
    expect(cell.stats).toMatchObject({ denials: 5, allowed: 21 });
  });

  test("output: one event for each result, line or message too long", async () => {
    const lines: string[] = [];
    await using cell = await supervisor.spawn("guest", {
      onConsole: (_level, text) => void lines.push(text),
    });
    expect(await rejectionOf(cell.exec("'x'.repeat(2000)"))).toMatchObject({ name: "PolicyError" });
    expect(await cell.exec("try { console.log('y'.repeat(2000)) } catch (e) { e.reason }")).toBe(
      "limit",
    );
    expect(await cell.exec("try { post('z'.repeat(2000)) } catch (e) { e.reason }")).toBe("limit");
    expect(await cell.exec("console.log('fits'); 'fits'")).toBe("fits");
    expect(rulesOf(cell)).toEqual(["limit.output", "limit.output", "limit.output"]);
    expect(lines).toEqual(["fits"]);
  });

  test("output: a message without a reader is refused and recorded once too many wait", async () => {
    await using wide = new Supervisor({
      policy: policyOf([], { output_bytes: 10_000_000 }),
      pool: 0,
    });
    await using cell = await wide.spawn("guest");
    await cell.exec("for (let i = 0; i < 10_003; i++) post(i); 0");
    expect(rulesOf(cell)).toEqual(Array(3).fill("limit.output"));
    const first = await cell.messages().next();
    expect(first.value).toBe(0);
  });
});

test("an error that reads like V8's timeout is the guest's own, thrown or left unhandled", async () => {
  await using cell = await supervisor.spawn("guest");
  for (const source of [
    "throw new Error('Script execution timed out.')",
    "Promise.reject(new Error('Script execution timed out.'))",
    "(async () => { await 1; throw new Error('Script execution timed out.'); })()",
  ]) {
    expect(await rejectionOf(cell.exec(source))).toMatchObject({
      name: "GuestError",
      message: "Script execution timed out.",
    });
  }
  expect(
    await cell.exec(
      "void Promise.reject(new Error('Script execution timed out.')); setTimeout(() => { throw new Error('Isolate was disposed during execution'); }, 0); 1",
    ),
  ).toBe(1);
  expect(await cell.exec("new Promise((resolve) => setTimeout(resolve, 50, 'alive'))")).toBe(
    "alive",
  );
  expect(cell.stats.denials).toBe(0);
});

test("many short calls, each within its limit, never add up to an idle cell's", async () => {
  await using cell = await supervisor.spawn("guest");
  // 3 s in all, which is more than a cell may use with no call in flight.
  for (let round = 0; round < 20; round++) {
    await cell.exec(
      "const until = Date.now() + 150; while (Date.now() < until); 0".replaceAll(
        "until",
        `until${round}`,
      ),
    );
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
  }
  expect(cell.stats.denials).toBe(0);
});

test("calls that run beside each other are not charged with each other's time", async () => {
  await using cell = await supervisor.spawn("guest");
  const slice = (name: string): string =>
    `new Promise((done) => { let left = 4; (function ${name}() { const end = Date.now() + 80; while (Date.now() < end); --left ? setTimeout(${name}, 0) : done("${name}"); })(); })`;
  expect(
    await Promise.all(["a", "b", "c", "d"].map(async (name) => await cell.exec(slice(name)))),
  ).toEqual(["a", "b", "c", "d"]);
  expect(cell.stats.denials).toBe(0);
});

test("a reload holds for the next operation of a live cell, sync and async, and its limits for the next call", async () => {
  await using mine = new Supervisor({
    policy: policyOf([{ id: "rng", effect: "allow", capability: "random" }]),
    token: "t",
    pool: 1,
  });
  await using cell = await mine.spawn("guest");
  const running = cell.exec(
    `new Promise((resolve) => { const seen = []; (function look() { try { Math.random(); seen.push("yes"); } catch (e) { resolve(seen.length > 0 && e.reason); return; } setTimeout(look, 10); })(); })`,
  );
  await until("it has been allowed", () => cell.stats.allowed > 0);
  await mine.reloadPolicy(policyOf([], { output_bytes: 50 }), "t");
  expect(await running).toBe("no_rule");
  expect(await rejectionOf(cell.exec("'x'.repeat(100)"))).toMatchObject({ name: "PolicyError" });
  expect(
    await rejectionOf(cell.exec("require('fs').promises.readFile('/etc/hostname')")),
  ).toMatchObject({ name: "PolicyError" });
});
