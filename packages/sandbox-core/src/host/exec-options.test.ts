import { ClosedError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { policyOf, rejectionOf, until } from "../testing/cells.ts";

const POLICY = policyOf(
  [
    { id: "rng", effect: "allow", capability: "random" },
    { id: "sleep", effect: "allow", capability: "subprocess", commands: ["/bin/sleep"] },
  ],
  { cpu_ms: 60_000, wall_ms: 60_000, calls: 1000 },
);

describe.each(["off", "prefer"] as const)("with kernel: %s", (kernel) => {
  let supervisor: Supervisor;
  let cell: Sandbox;
  beforeAll(async () => {
    supervisor = new Supervisor({ policy: POLICY, kernel, pool: 1 });
    cell = await supervisor.spawn("options");
  });
  afterAll(async () => await supervisor.close());

  test("a program of characters that JSON writes in six may be as long as any other", async () => {
    const wide = policyOf([], { cpu_ms: 60_000, wall_ms: 60_000, memory_mib: 256 });
    await using own = await supervisor.spawn("long", { policy: wide });
    const program = `"${"\ud800".repeat(12_000_000)}".length`;
    expect(await own.exec(program)).toBe(12_000_000);
  });

  test.each([
    [8, 1_048_576],
    [512, 16_777_216],
  ])(
    "a program too long for a heap of %i MiB is refused in words about that",
    async (mib, most) => {
      const small = policyOf([], { cpu_ms: 60_000, wall_ms: 60_000, memory_mib: mib });
      await using own = await supervisor.spawn("small", { policy: small });
      const error = await rejectionOf(own.exec(" ".repeat(most + 1)));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe(
        `the program has ${most + 1} characters, and exec takes at most ${most} where memory_mib is ${mib}; pass data as input`,
      );
      expect(await own.exec(`1${" ".repeat(most - 10_000)}`)).toBe(1);
    },
  );

  describe("an input", () => {
    test.each<[string, unknown, string, unknown]>([
      ["an object", { a: [1, { b: "é" }], n: null }, "input", { a: [1, { b: "é" }], n: null }],
      ["a list to map", [1, 2, 3], "input.map((n) => n * 2)", [2, 4, 6]],
      ["a Map", new Map([["k", 1n]]), "input.get('k') + 1n", 2n],
      ["a Date", new Date(5), "input instanceof Date && input.getTime()", 5],
      ["bytes", new Uint8Array([1, 2]), "input instanceof Uint8Array && input[1]", 2],
      ["null", null, "input", null],
      ["a text", "x", "typeof globalThis.input", "string"],
      ["a key that names the prototype", JSON.parse('{"__proto__":{"x":1}}'), "input.x", undefined],
    ])("is what the guest finds as input: %s", async (_what, input, source, value) => {
      expect(await cell.exec(source, { input })).toEqual(value);
    });

    test("is the guest's own copy, which it may change", async () => {
      const input = { n: 1 };
      expect(await cell.exec("input.n = 2; input = input.n; input", { input })).toBe(2);
      expect(input).toEqual({ n: 1 });
    });

    test("stays until a program gets another one", async () => {
      await cell.exec("0", { input: 1 });
      expect(await cell.exec("input")).toBe(1);
      expect(await cell.exec("input", { input: 2 })).toBe(2);
      expect(await cell.exec("input", {})).toBe(2);
      expect(await cell.exec("['input' in globalThis, input]", { input: undefined })).toEqual([
        true,
        undefined,
      ]);
      expect(await cell.exec("typeof input")).toBe("undefined");
      await using fresh = await supervisor.spawn("fresh");
      expect(await fresh.exec("typeof input")).toBe("undefined");
    });

    test.each<[string, unknown]>([
      ["a function", { f: () => 1 }],
      ["a symbol", Symbol("s")],
      ["a pattern", /x/],
      ["very many small lists", Array.from({ length: 250_000 }, () => [])],
    ])("that cannot travel is a TypeError, and nothing runs: %s", async (_what, input) => {
      const error = await rejectionOf(cell.exec("globalThis.ran = true", { input }));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^input cannot enter the cell: /);
      expect(await cell.exec("typeof ran")).toBe("undefined");
    });

    test("that the guest has made immovable fails its program alone", async () => {
      await using own = await supervisor.spawn("immovable");
      await own.exec("Object.defineProperty(globalThis, 'input', { value: 1 }); 0");
      expect(await rejectionOf(own.exec("input", { input: 2 }))).toMatchObject({
        name: "GuestError",
        guestName: "TypeError",
      });
      expect(await own.exec("input")).toBe(1);
    });
  });

  describe("a signal", () => {
    test("that is aborted already rejects with its reason, and nothing runs", async () => {
      const reason = new Error("why");
      const signal = AbortSignal.abort(reason);
      expect(await rejectionOf(cell.exec("globalThis.began = 1", { signal }))).toBe(reason);
      expect(await cell.exec("typeof began")).toBe("undefined");
    });

    test("ends a program that waits, with its timers, and the cell stays in use", async () => {
      const stop = new AbortController();
      const waits = cell.exec(
        `globalThis.ticks = 0;
         const tick = () => { ticks += 1; setTimeout(tick, 1); };
         tick();
         new Promise(() => {})`,
        { signal: stop.signal },
      );
      await until("it runs", async () => Number(await cell.exec("globalThis.ticks")) > 2);
      stop.abort("enough");
      await expect(waits).rejects.toBe("enough");
      const ticks = await cell.exec("ticks");
      await cell.exec("new Promise((resolve) => setTimeout(resolve, 50))");
      expect(await cell.exec("ticks")).toBe(ticks);
      expect(cell.closed).toBe(false);
    });

    test("lets a program's late end go by", async () => {
      const stop = new AbortController();
      const waits = cell.exec("new Promise((resolve) => { globalThis.late = resolve; })", {
        signal: stop.signal,
      });
      await until("it runs", async () => (await cell.exec("typeof late")) === "function");
      stop.abort();
      expect(await rejectionOf(waits)).toMatchObject({ name: "AbortError" });
      expect(await cell.exec("late(1); 2")).toBe(2);
      expect(await cell.exec("3")).toBe(3);
    });

    test("ends a program that computes, with its cell and without a denial", async () => {
      const own = await supervisor.spawn("computes");
      const before = supervisor.stats.denials;
      const other = rejectionOf(own.exec("new Promise(() => {})"));
      const stop = new AbortController();
      const computes = own.exec("for (;;);", { signal: stop.signal });
      stop.abort("stop");
      await expect(computes).rejects.toBe("stop");
      expect(own.closed).toBe(true);
      expect(await other).toBeInstanceOf(ClosedError);
      expect((await other).message).toContain("(aborted)");
      expect(supervisor.stats.denials).toBe(before);
      await own.close();
    });

    test("ends a program with a command under way, and the command, with its cell", async () => {
      const own = await supervisor.spawn("under-way");
      const before = supervisor.stats.denials;
      const stop = new AbortController();
      const waits = own.exec(`require("node:child_process").execFile("/bin/sleep", ["1000"])`, {
        signal: stop.signal,
      });
      await until("the command was allowed", () => own.stats.allowed >= 2);
      stop.abort("stop");
      await expect(waits).rejects.toBe("stop");
      expect(own.closed).toBe(true);
      expect(supervisor.stats.denials).toBe(before);
      await own.close();
    });

    test("that comes after the end does nothing", async () => {
      const stop = new AbortController();
      expect(await cell.exec("1", { signal: stop.signal })).toBe(1);
      stop.abort();
      expect(await cell.exec("2")).toBe(2);
    });
  });

  describe("limits", () => {
    test("may be lower than the policy's, for this call alone", async () => {
      const call = `Math.random(); Math.random(); Math.random()`;
      expect(await rejectionOf(cell.exec(call, { limits: { calls: 2 } }))).toMatchObject({
        name: "PolicyError",
        denialEvent: { policyRule: "limit.calls" },
      });
      const long = "'x'.repeat(2000)";
      expect(await rejectionOf(cell.exec(long, { limits: { outputBytes: 1000 } }))).toMatchObject({
        denialEvent: { policyRule: "limit.output" },
      });
      expect(await cell.exec(long)).toHaveLength(2000);
      const own = await supervisor.spawn("wall");
      expect(
        await rejectionOf(own.exec("new Promise(() => {})", { limits: { wallMs: 50 } })),
      ).toMatchObject({ denialEvent: { policyRule: "limit.wall", target: "50 ms" } });
      const next = await supervisor.spawn("cpu");
      expect(await rejectionOf(next.exec("for (;;);", { limits: { cpuMs: 50 } }))).toMatchObject({
        denialEvent: { policyRule: "limit.cpu" },
      });
    });

    test.each<[unknown, string]>([
      [{ wallMs: 60_001 }, "limits.wallMs must be at most the policy's 60000, got 60001"],
      [{ calls: 1001 }, "limits.calls must be at most the policy's 1000, got 1001"],
      [{ cpuMs: 0 }, "cpuMs must be a whole number from 1"],
      [{ cpuMs: 1.5 }, "cpuMs must be a whole number from 1"],
      [{ wall_ms: 5 }, "unknown option wall_ms; did you mean wallMs?"],
      [{ memoryMib: 8 }, "unknown option memoryMib"],
      [null, "limits must be an object of limits, got null"],
    ])("%j are refused by name", async (limits, message) => {
      const error = await rejectionOf(cell.exec("1", { limits: limits as object }));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(message);
    });
  });

  test("an unknown option is refused by name", async () => {
    const error = await rejectionOf(cell.exec("1", { inputs: 1 } as object));
    expect(error.message).toContain("unknown option inputs; did you mean input?");
    expect((await rejectionOf(cell.exec("1", { signal: {} as AbortSignal }))).message).toContain(
      "signal must be an AbortSignal, got an object",
    );
  });
});
