import { AsyncLocalStorage } from "node:async_hooks";

import { type Sandbox, Supervisor, type ToolContext, ToolError } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

import { keepingSink, policyOf, rejectionOf, until } from "../../testing/cells.ts";

const allow = (...tools: string[]) => ({
  id: "tools",
  effect: "allow",
  capability: "tool",
  operations: ["call"],
  tools,
});
const POLICY = policyOf(
  [
    allow("crm.*", "echo", "wait", "fail.*", "deep.*.er", "big.*"),
    { id: "no-delete", effect: "deny", capability: "tool", tools: ["crm.delete*"] },
  ],
  { wall_ms: 20_000, calls: 500 },
);

describe.each(["off", "prefer"] as const)("tools, with kernel: %s", (kernel) => {
  const callers = new AsyncLocalStorage<string>();
  const sink = keepingSink();
  const waiting: ToolContext[] = [];
  let seen: unknown[] = [];
  let supervisor: Supervisor;
  let cell: Sandbox;
  beforeAll(async () => {
    supervisor = new Supervisor({
      policy: POLICY,
      kernel,
      pool: 1,
      denials: sink,
      tools: {
        "crm.lookup": async ({ id }: { id: string }, { cell: name }) => {
          seen.push(callers.getStore());
          return await Promise.resolve({ id, of: name });
        },
        "crm.deleteAll": () => seen.push("deleted"),
        "crm.typed": {
          schema: z.object({ id: z.number().int(), more: z.string().default("none") }),
          handler: (args) => args,
        },
        "crm.silent": {
          schema: { "~standard": { validate: () => undefined as never } },
          handler: (args) => args,
        },
        "crm.hollow": {
          schema: { "~standard": { validate: () => ({}) as never } },
          handler: (args) => args,
        },
        "crm.strict": { schema: z.strictObject({}), handler: (args) => args },
        "crm.slowly": {
          schema: z.string().refine(async (text) => (await Promise.resolve(text)) !== "no"),
          handler: (args) => args,
        },
        "deep.a.er": () => "deeper",
        echo: (args) => args,
        wait: (_args, context) => {
          waiting.push(context);
          void context.signal;
          const { promise } = Promise.withResolvers<never>();
          return promise;
        },
        "fail.known": () => {
          throw new ToolError("no such customer\u202e", { code: "NOT_FOUND" });
        },
        "fail.secret": () => {
          throw new Error("password=hunter2");
        },
        "fail.answer": () => () => "a function",
        "fail.code": (code) => {
          throw new ToolError("a code of the guest's", { code: code as string });
        },
        "fail.unreadable": () => {
          throw new Proxy(new Error("hidden"), {
            getPrototypeOf: () => {
              throw Object.create(null) as Error;
            },
          });
        },
        "big.answer": () => Array.from({ length: 250_000 }, () => []),
        "not.granted": () => seen.push("never"),
      },
    });
    cell = await supervisor.spawn("tools");
  });
  afterAll(async () => await supervisor.close());

  test("take each value where getters of one call tools and post: those first, then the value itself", async () => {
    const posted = cell.messages();
    const outer = `{ get a() { inner.push(tools.echo("inner")); post("from inside"); return 1; }`;
    const [value, inner] = (await cell.exec(
      `const inner = []; const outer = await tools.echo(${outer} }); [outer, await Promise.all(inner)]`,
    )) as unknown[];
    expect(value).toEqual({ a: 1 });
    expect(inner).toEqual(["inner"]);
    expect(await posted.next()).toMatchObject({ value: "from inside" });
    const error = await rejectionOf(
      cell.exec(`const inner = []; await tools.echo(${outer}, b: [/x/] })`),
    );
    expect(error.message).toBe(
      "the argument of tools.echo cannot leave the cell: value.b.0 is a RegExp",
    );
    await cell.exec(`const inner = []; post(${outer}, b: [2] }); 0`);
    for (let message = await posted.next(); ; message = await posted.next()) {
      if (message.value === "from inside") continue;
      expect(message.value).toEqual({ a: 1, b: [2] });
      break;
    }
    await posted.return();
  });

  test("are called by their names, and answer", async () => {
    seen = [];
    const answer = await callers.run("this caller", () =>
      cell.exec(`await tools.crm.lookup({ id: "c1" })`),
    );
    expect(answer).toEqual({ id: "c1", of: "tools" });
    expect(seen).toEqual(["this caller"]);
    expect(await cell.exec("await tools.deep.a.er()")).toBe("deeper");
    expect(await cell.exec("await tools.echo()")).toBeUndefined();
  });

  test.each<[string, unknown]>([
    [
      "({ a: [1n, new Date(5), null], b: undefined })",
      { a: [1n, new Date(5), null], b: undefined },
    ],
    ["new Map([[1, new Set(['x'])]])", new Map([[1, new Set(["x"])]])],
    ["new Uint8Array([1, 2])", new Uint8Array([1, 2])],
    ["new Float16Array([1.5])", new Float16Array([1.5])],
    ["({ get a() { return 1; } })", { a: 1 }],
    ["'é\\u0000'", "é\0"],
    ["JSON.parse('{\"__proto__\":1}')", JSON.parse('{"__proto__":1}')],
  ])("take and give what structured clone carries: %s", async (value, wanted) => {
    const answer = await cell.exec(`await tools.echo(${value})`);
    expect(answer).toEqual(wanted);
    expect(Object.keys(answer as object)).toEqual(Object.keys(wanted as object));
  });

  test("of many at once have each its own answer", async () => {
    expect(
      await cell.exec(`
        const asked = Array.from({ length: 400 }, (_, at) => tools.echo(at));
        (await Promise.all(asked)).every((answer, at) => answer === at)`),
    ).toBe(true);
  });

  test("that no rule grants are denials like any other", async () => {
    const before = sink.events.length;
    const error = await rejectionOf(cell.exec(`await tools.not.granted(1)`));
    expect(error).toMatchObject({
      name: "PolicyError",
      denialEvent: {
        capability: "tool",
        operation: "call",
        target: "not.granted",
        attemptedAction: "call:not.granted",
        policyRule: "default",
        reason: "outside_scope",
        brokerDecision: "deny",
        kernelDecision: "not_evaluated",
        nearestRule: { id: "tools", lacked: "scope" },
      },
    });
    expect(await rejectionOf(cell.exec(`await tools.crm.deleteAll()`))).toMatchObject({
      denialEvent: { policyRule: "no-delete", reason: "explicit_deny" },
    });
    expect(sink.events.slice(before)).toHaveLength(2);
    expect(
      await cell.exec(
        `await tools.not.granted().catch((error) => [error.name, error.capability, error.reason, typeof error.denialId])`,
      ),
    ).toEqual(["PolicyError", "tool", "outside_scope", "string"]);
    expect(seen).not.toContain("never");
    expect(seen).not.toContain("deleted");
  });

  test("with a schema get what it gives, and what does not fit is malformed", async () => {
    expect(await cell.exec("await tools.crm.typed({ id: 1 })")).toEqual({ id: 1, more: "none" });
    expect(await cell.exec("await tools.crm.slowly('yes')")).toBe("yes");
    for (const call of [
      "typed({ id: 'x' })",
      "typed()",
      "slowly('no')",
      "slowly(1)",
      "silent({ id: 1 })",
      "hollow({ id: 1 })",
    ]) {
      expect(await rejectionOf(cell.exec(`await tools.crm.${call}`))).toMatchObject({
        denialEvent: {
          capability: "tool",
          target: `crm.${call.split("(")[0]}`,
          reason: "malformed",
          policyRule: "default",
          brokerDecision: "not_evaluated",
          kernelDecision: "not_evaluated",
        },
      });
    }
  });

  test("tell a guest what of its argument does not fit, if it is told why it is refused", async () => {
    const said = async (of: Sandbox, call: string) =>
      await of.exec(`await tools.crm.${call}.catch(({ message }) => message)`);
    await using told = await supervisor.spawn("told", { explainRefusals: true });
    const why = "tool call denied (malformed): the argument does not fit: ";
    expect(await said(told, "typed({ id: 'x', more: 5 })")).toBe(
      `${why}id: Invalid input: expected number, received string; more: Invalid input: expected string, received number`,
    );
    expect(await said(told, "typed()")).toBe(
      `${why}Invalid input: expected object, received undefined`,
    );
    expect(await said(told, "strict({ ['a\\u202e'.repeat(500)]: 1 })")).toMatch(
      /^tool call denied \(malformed\): the argument does not fit: Unrecognized key: "a\\u\{202e\}a\\u\{202e\}.{1,128}$/,
    );
    expect(await said(cell, "typed({ id: 'x' })")).toBe("tool denied (malformed)");
  });

  test("tell a guest by a ToolError what they mean to, and nothing by any other", async () => {
    const told = (call: string) =>
      cell.exec(
        `await tools.${call}.catch((error) => ({ ...error, name: error.name, message: error.message, is: error instanceof Error }))`,
      );
    expect(await told("fail.known()")).toEqual({
      name: "ToolError",
      message: "no such customer\\u{202e}",
      code: "NOT_FOUND",
      is: true,
    });
    const warned: string[] = [];
    const onWarning = (warning: Error): void => void warned.push(warning.message);
    process.on("warning", onWarning);
    try {
      for (const call of ["fail.secret()", "fail.secret()", "fail.answer()", "big.answer()"])
        expect(await told(call)).toEqual({ name: "Error", message: "The tool failed", is: true });
      await until("the warnings", () => warned.length >= 3);
    } finally {
      process.off("warning", onWarning);
    }
    expect(warned.map((text) => text.split("\n")[0])).toEqual([
      expect.stringMatching(/"fail\.secret" failed, .*: password=hunter2 \(told once\)/),
      expect.stringMatching(/"fail\.answer" failed, .* could not be cloned/),
      expect.stringMatching(
        /"big\.answer" failed, .*its answer cannot enter the cell: it holds too much/,
      ),
    ]);
  });

  test("that throw what has no text fail like any other, and warn once", async () => {
    const told = (call: string) => cell.exec(`await tools.${call}.catch(({ message }) => message)`);
    const warned: string[] = [];
    const onWarning = (warning: Error): void => void warned.push(warning.message);
    process.on("warning", onWarning);
    try {
      for (let round = 0; round < 3; round += 1)
        for (const call of ["fail.code({ toString: 1, valueOf: 1 })", "fail.unreadable()"])
          expect(await told(call)).toBe("The tool failed");
      await until("the warnings", () => warned.length >= 2);
    } finally {
      process.off("warning", onWarning);
    }
    expect(warned).toEqual([
      expect.stringMatching(/"fail\.code" failed, .* \(told once\)/),
      expect.stringMatching(
        /"fail\.unreadable" failed, .*: a value that cannot be shown \(told once\)/,
      ),
    ]);
  });

  test("refuse to their guest what cannot travel, and count nothing", async () => {
    const before = sink.events.length;
    for (const [value, why] of [
      ["() => 1", /a function/],
      ["Symbol()", /a symbol/],
      ["/x/", /a RegExp/],
      ["[() => 1]", /a function/],
      ["{ get a() { throw 1 } }", /cannot leave the cell/],
      [
        "new Set(Array.from({ length: 3000 }, (_, n) => (BigInt(n) << 64n) | 1n))",
        /holds too much/,
      ],
    ] as const) {
      const error = await rejectionOf(
        cell.exec(
          `await tools.echo(${value === "{ get a() { throw 1 } }" ? `(${value})` : value})`,
        ),
      );
      expect(error).toMatchObject({ guestName: "TypeError" });
      expect(error.message).toMatch(/^the argument of tools\.echo cannot leave the cell/);
      expect(error.message).toMatch(why);
    }
    expect(await rejectionOf(cell.exec("await tools.echo(1, 2)"))).toMatchObject({
      guestName: "TypeError",
      message: expect.stringContaining("takes one value") as unknown,
    });
    expect(sink.events.length).toBe(before);
  });

  test("count as calls and their arguments as output", async () => {
    expect(
      await rejectionOf(
        cell.exec("for (let n = 0; n < 5; n++) await tools.echo(n)", { limits: { calls: 3 } }),
      ),
    ).toMatchObject({
      denialEvent: { policyRule: "limit.calls", target: "tool call:echo" },
    });
    expect(
      await rejectionOf(
        cell.exec("await tools.echo('x'.repeat(500)); await tools.echo('x'.repeat(600))", {
          limits: { outputBytes: 1000 },
        }),
      ),
    ).toMatchObject({ denialEvent: { policyRule: "limit.output" } });
    expect(
      await rejectionOf(
        cell.exec("for (;;) await tools.echo('x'.repeat(100))", { limits: { outputBytes: 1000 } }),
      ),
    ).toMatchObject({ denialEvent: { policyRule: "limit.output" } });
  });

  test("that never answer end with the call's wall limit, and their signal is aborted", async () => {
    const own = await supervisor.spawn("waits");
    const ends = own.exec("await tools.wait()", { limits: { wallMs: 300 } });
    expect(await rejectionOf(ends)).toMatchObject({ denialEvent: { policyRule: "limit.wall" } });
    expect(waiting.at(-1)?.cell).toBe("waits");
    expect(waiting.at(-1)?.signal.aborted).toBe(true);
  });

  test("are told by their signal that their cell has ended, or their call was aborted", async () => {
    const own = await supervisor.spawn("ends");
    const one = rejectionOf(own.exec("await tools.wait()"));
    await until("it is called", () => waiting.at(-1)?.cell === "ends");
    const stop = new AbortController();
    const two = own.exec("await tools.wait()", { signal: stop.signal });
    const first = waiting.at(-1);
    await until("it is called again", () => waiting.at(-1) !== first);
    stop.abort("changed my mind");
    await expect(two).rejects.toBe("changed my mind");
    expect(waiting.at(-1)?.signal.reason).toBe("changed my mind");
    expect(first?.signal.aborted).toBe(false);
    expect(await own.exec("await tools.echo(1)")).toBe(1);
    await own.close();
    expect(await one).toMatchObject({ name: "ClosedError" });
    expect(first?.signal.reason).toMatchObject({ name: "ClosedError" });
  });

  test("that never end leave the cell in use, however many of their calls were aborted", async () => {
    await using own = await supervisor.spawn("aborts");
    for (let round = 0; round < 4; round += 1) {
      const before = waiting.length;
      const stop = new AbortController();
      const call = own.exec("await Promise.all(Array.from({ length: 100 }, () => tools.wait()))", {
        signal: stop.signal,
      });
      const ends = rejectionOf(call);
      await until("all are called", () => waiting.length === before + 100);
      stop.abort("enough");
      expect(await ends).toBe("enough");
      expect(waiting.slice(before).every(({ signal }) => signal.reason === "enough")).toBe(true);
    }
    expect(await own.exec("await tools.echo(1)")).toBe(1);
    expect(own.denialEvents()).toEqual([]);
  });

  test("are not called for an exec that was aborted while their schema took its time", async () => {
    let checks = 0;
    let calls = 0;
    const { promise: checked, resolve } = Promise.withResolvers<{ value: unknown }>();
    const validate = async () => {
      checks += 1;
      return await checked;
    };
    await using own = await supervisor.spawn("checks", {
      tools: {
        "crm.checked": { schema: { "~standard": { validate } }, handler: () => (calls += 1) },
      },
    });
    const stop = new AbortController();
    const ends = rejectionOf(own.exec("await tools.crm.checked()", { signal: stop.signal }));
    await until("the schema is asked", () => checks === 1);
    stop.abort("enough");
    expect(await ends).toBe("enough");
    resolve({ value: 1 });
    expect(await own.exec("await tools.echo(1)")).toBe(1);
    expect(calls).toBe(0);
  });

  test("are told as failed for what they and their schemas throw, and not for rejecting once their call is over", async () => {
    const warned: string[] = [];
    const onWarning = (warning: Error): void => void warned.push(warning.message);
    process.on("warning", onWarning);
    let called = 0;
    let rejected = 0;
    const ends = async ({ signal }: ToolContext): Promise<never> => {
      const { promise, reject } = Promise.withResolvers<never>();
      called += 1;
      signal.addEventListener("abort", () =>
        reject(new Error("aborted", { cause: signal.reason })),
      );
      return await promise.finally(() => (rejected += 1));
    };
    const validate = (): never => {
      throw new Error("no database");
    };
    const own = await supervisor.spawn("told", {
      tools: {
        "crm.ends": async (args, context) => {
          if (args === "fail") throw new Error("a fault");
          return await ends(context);
        },
        "crm.checked": { schema: { "~standard": { validate } }, handler: () => 1 },
      },
    });
    try {
      const stop = new AbortController();
      const ending = rejectionOf(own.exec("await tools.crm.ends()", { signal: stop.signal }));
      await until("it waits", () => called === 1);
      stop.abort("enough");
      expect(await ending).toBe("enough");
      for (let round = 0; round < 2; round += 1) {
        await rejectionOf(own.exec("await tools.crm.ends('fail')"));
        expect(await rejectionOf(own.exec("await tools.crm.checked()"))).toMatchObject({
          denialEvent: { reason: "malformed" },
        });
      }
      const last = rejectionOf(own.exec("await tools.crm.ends()"));
      await until("it waits again", () => called === 2);
      await own.close();
      await last;
      await until("both have rejected", () => rejected === 2);
      await until("the warnings", () => warned.length >= 2);
    } finally {
      process.off("warning", onWarning);
    }
    expect(warned).toEqual([
      expect.stringMatching(/"crm\.ends" failed, .*: a fault \(told once\)/),
      expect.stringMatching(
        /the schema of the tool "crm\.checked" threw, .*: no database \(told once\)/,
      ),
    ]);
  });

  test("of a cell stand beside the supervisor's, and replace those of their names", async () => {
    await using own = await supervisor.spawn("own", {
      tools: { echo: () => "own", "crm.more": () => "more" },
    });
    expect(await own.exec("[await tools.echo(1), await tools.crm.more()]")).toEqual([
      "own",
      "more",
    ]);
    expect(await cell.exec("[await tools.echo(1), typeof tools.crm.more]")).toEqual([
      1,
      "undefined",
    ]);
  });

  test("are absent where a host gives none", async () => {
    await using bare = new Supervisor({ policy: POLICY, kernel, pool: 0 });
    await using own = await bare.spawn("bare");
    expect(await own.exec("typeof tools")).toBe("undefined");
  });

  test("follow the policy that is reloaded", async () => {
    await using reloading = new Supervisor({
      policy: policyOf([allow("echo")]),
      kernel,
      pool: 0,
      token: "t",
      tools: { echo: (args) => args },
    });
    await using own = await reloading.spawn("reloaded");
    expect(await own.exec("await tools.echo(1)")).toBe(1);
    await reloading.reloadPolicy(policyOf([]), "t");
    expect(await rejectionOf(own.exec("await tools.echo(1)"))).toMatchObject({
      denialEvent: { reason: "no_rule" },
    });
  });

  describe("hold against a guest that", () => {
    test.each<[string, string, unknown]>([
      [
        "changes them",
        `"use strict"; try { tools.crm.lookup = 1 } catch (error) { error.name }`,
        "TypeError",
      ],
      [
        "adds to them",
        `"use strict"; try { tools.crm.x = 1 } catch (error) { error.name }`,
        "TypeError",
      ],
      [
        "looks for a prototype",
        `[Object.getPrototypeOf(tools), Object.getPrototypeOf(tools.crm)]`,
        [null, null],
      ],
      [
        "asks for names of every object",
        `[typeof tools.constructor, typeof tools.__proto__, typeof tools.crm.toString]`,
        ["undefined", "undefined", "undefined"],
      ],
      ["waits for them", `(await tools) === tools && (await tools.crm) === tools.crm`, true],
      [
        "calls as a constructor",
        `try { new tools.echo() } catch (error) { error.name }`,
        "TypeError",
      ],
      [
        "has changed what they are made of",
        `const { Promise: P, TypeError: T } = globalThis;
         const push = Array.prototype.push; const then = P.prototype.then;
         Array.prototype[Symbol.iterator] = null; P.prototype.then = () => 1; Map.prototype.get = null;
         globalThis.Promise = null; globalThis.TypeError = null;
         const asked = tools.echo(7);
         P.prototype.then = then; globalThis.Promise = P; globalThis.TypeError = T;
         asked`,
        7,
      ],
      [
        "calls one from another's argument",
        `let inner; const outer = await tools.echo({ get a() { inner = tools.echo("inner"); return "outer"; } });
         [outer, await inner]`,
        [{ a: "outer" }, "inner"],
      ],
      [
        "gives a proxy",
        `await tools.echo(new Proxy({ a: 1 }, { get: () => tools.echo("from a trap"), ownKeys: () => ["a"] })).catch((error) => error.name)`,
        "TypeError",
      ],
      [
        "gives a promise",
        `await tools.echo(Promise.resolve(1)).catch((error) => error.name)`,
        "TypeError",
      ],
    ])("%s", async (_what, source, wanted) => {
      await using own = await supervisor.spawn("hostile");
      expect(await own.exec(source)).toEqual(wanted);
      expect(await own.exec("await tools.echo('still')")).toBe("still");
    });

    test("floods them", async () => {
      const own = await supervisor.spawn("flood");
      const error = await rejectionOf(
        own.exec(`
          const asked = [];
          for (let n = 0; n < 11000; n++) asked.push(tools.not.granted(n).catch(() => 0));
          await Promise.all(asked)`),
      );
      expect(error).toMatchObject({ denialEvent: { policyRule: "limit.calls" } });
      expect(await cell.exec("await tools.echo(1)")).toBe(1);
      await own.close();
    });
  });
});

describe("a host's tools are refused by name where", () => {
  test.each<[string, object, string]>([
    ["a guest could not write the name", { "a-b": () => 1 }, 'the tool "a-b" must be named as in'],
    ["it is a prototype", { "a.__proto__": () => 1 }, 'the tool "a.__proto__" must be named'],
    ["it would make tools a promise", { "a.then": () => 1 }, 'the tool "a.then" must be named'],
    ["it is empty between dots", { "a..b": () => 1 }, 'the tool "a..b" must be named'],
    [
      "another tool's name begins with it and a dot",
      { a: () => 1, "a.b": () => 1 },
      'the tool "a" cannot be beside the tool "a.b"',
    ],
    ["it is not a function", { a: 1 }, 'the tool "a" must be a function, or { handler, schema }'],
    ["it has no handler", { a: { schema: z.string() } }, "handler is missing"],
    [
      "its schema is none",
      { a: { handler: () => 1, schema: {} } },
      "schema must be a schema with a method",
    ],
    ["it has an unknown option", { a: { handler: () => 1, shema: 1 } }, "did you mean schema?"],
  ])("%s", (_what, tools, message) => {
    const make = () => new Supervisor({ policy: POLICY, kernel: "off", pool: 0, tools } as never);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
