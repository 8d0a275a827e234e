import { type GuestError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../../testing/cells.ts";

// An isolate runs none of the tasks by which the engine settles these promises itself.

let supervisor: Supervisor;
let cell: Sandbox;

/** Exports `add`, and calls the import `m.f` from its start function. */
const STARTS = `new Uint8Array([0,97,115,109,1,0,0,0, 1,4,1,96,0,0, 2,7,1,1,109,1,102,0,0, 8,1,0])`;
const ADDS = `new Uint8Array([0,97,115,109,1,0,0,0, 1,7,1,96,2,127,127,1,127, 3,2,1,0, 7,7,1,3,97,100,100,0,0, 10,9,1,7,0,32,0,32,1,106,11])`;

beforeAll(async () => {
  supervisor = new Supervisor({ policy: policyOf([], { cpu_ms: 2000, wall_ms: 5000 }) });
  cell = await supervisor.spawn("tasks");
});

afterAll(async () => {
  await supervisor.close();
});

/** What a program ends in, in Node itself and in the cell; it must be the same. */
async function alike(program: string): Promise<unknown> {
  const body = `(async () => { ${program} })()`;
  // oxlint-disable-next-line no-eval -- the program is a constant of this file, run in Node for comparison
  const inNode: unknown = await (0, eval)(body);
  expect(await cell.exec(body)).toEqual(inNode);
  return inNode;
}

describe("WebAssembly's promises settle as Node's do", () => {
  test("modules and instances of bytes, of their views and of a module", async () => {
    const sums = await alike(`const bytes = ${ADDS};
      const one = await WebAssembly.instantiate(bytes);
      const two = await WebAssembly.instantiate(await WebAssembly.compile(bytes.buffer), {});
      const three = await WebAssembly.instantiate(new Uint8Array(bytes.buffer), undefined);
      return [one.instance.exports.add(1, 2), two.exports.add(3, 4), three.module instanceof WebAssembly.Module, two instanceof WebAssembly.Instance, Object.keys(one), WebAssembly.validate(bytes), WebAssembly.validate(new Uint8Array(8))];`);
    expect(sums).toEqual([3, 7, true, true, ["module", "instance"], true, false]);
  });

  test.each([
    "",
    "1",
    "null",
    "{}",
    "new Uint8Array(3)",
    `new DataView(${ADDS}.buffer)`,
    "new SharedArrayBuffer(8)",
    "'text'",
    `${ADDS}, 5`,
    `${ADDS}, null`,
    STARTS,
    `${STARTS}, {}`,
    `${STARTS}, { m: { f: 1 } }`,
    `new WebAssembly.Module(${STARTS})`,
    `${STARTS}, { m: { f() { throw new RangeError("mine") } } }`,
    `${STARTS}, { get m() { throw new RangeError("mine") } }`,
  ])("misuse rejects with the same error: (%s)", async (args) => {
    await alike(
      `const out = []; for (const name of ["compile", "instantiate"]) { const given = () => WebAssembly[name](${args}); let promise; try { promise = given(); } catch (error) { out.push("threw"); continue; } out.push(promise instanceof Promise, await promise.then(() => "settled", (error) => [error.constructor.name, error.message])); } return out;`,
    );
  });

  test("bytes are read before the call returns, and a start function runs after it", async () => {
    await alike(`const bytes = ${ADDS}; const promise = WebAssembly.compile(bytes); bytes.fill(0); await promise;
      const order = []; const made = WebAssembly.instantiate(${STARTS}, { m: { f: () => order.push("start") } }); order.push("called"); await made; return order;`);
  });

  test("the functions look as the engine's own", async () => {
    await alike(
      `return ["compile", "instantiate"].map((name) => { const { value, ...rest } = Object.getOwnPropertyDescriptor(WebAssembly, name); return [value.name, value.length, "prototype" in value, rest]; })`,
    );
  });

  test("a module can still not leave the cell, and compiling is the guest's own time", async () => {
    const error = await rejectionOf(cell.exec(`WebAssembly.compile(${ADDS})`));
    expect((error as unknown as GuestError).guestName).toBe("DataCloneError");
    const busy = await supervisor.spawn("busy");
    const endless = await rejectionOf(
      busy.exec(`(async () => { for (;;) await WebAssembly.compile(${ADDS}); })()`),
    );
    expect(endless).toMatchObject({ denialEvent: { policyRule: "limit.cpu" } });
  });
});

describe("Atomics.waitAsync settles as Node's does", () => {
  test.each(["Int32Array", "BigInt64Array"])("woken, timed out or not equal: %s", async (kind) => {
    const zero = kind === "Int32Array" ? "0" : "0n";
    const one = kind === "Int32Array" ? "1" : "1n";
    await alike(`const array = new ${kind}(new SharedArrayBuffer(64)); const out = [];
      const not = Atomics.waitAsync(array, 0, ${one}); out.push(not.async, not.value);
      const none = Atomics.waitAsync(array, 0, ${zero}, 0); out.push(none.async, none.value);
      const late = Atomics.waitAsync(array, 1, ${zero}, 5); out.push(late.async, await late.value);
      const all = [1, 2, 3].map(() => Atomics.waitAsync(array, 2, ${zero}));
      const other = Atomics.waitAsync(array, 3, ${zero}, 1000);
      const order = []; all.forEach(({ value }, i) => value.then((how) => order.push([i, how])));
      out.push(Atomics.notify(array, 2, 1)); await all[0].value; out.push(order.length);
      out.push(Atomics.notify(array, 2), await Promise.all(all.map(({ value }) => value)), order);
      out.push(Atomics.notify(array, 2), Atomics.notify(new ${kind}(array.buffer, 8), 2, 9), await other.value, Atomics.notify(new ${kind}(4), 0));
      return out;`);
  });

  test.each([
    "new Int32Array(4), 0, 0",
    "new Uint32Array(new SharedArrayBuffer(16)), 0, 0",
    "new Int32Array(new SharedArrayBuffer(16)), 4, 0",
    "new Int32Array(new SharedArrayBuffer(16)), -1, 0",
    "new Int32Array(new SharedArrayBuffer(16)), 0, 0n",
    "new Int32Array(new SharedArrayBuffer(16)), 0, 0, 0n",
    "new Int32Array(new SharedArrayBuffer(16)), Symbol(), 0",
    "new Int32Array(new SharedArrayBuffer(16)), 'x', 5",
    "{}, 0, 0",
  ])("misuse throws the same error: (%s)", async (args) => {
    await alike(
      `return ["waitAsync", "notify"].map((name) => { try { const { async } = Atomics[name](${args}); return async; } catch (error) { return [error.constructor.name, error.message]; } });`,
    );
  });

  test("arguments are converted in the same order", async () => {
    await alike(`const order = []; const says = (name, value) => ({ valueOf: () => (order.push(name), value) }); const array = new Int32Array(new SharedArrayBuffer(16));
      Atomics.waitAsync(array, says("index", 1), says("value", 0), says("timeout", 1)); Atomics.notify(array, says("index", 1.5), says("count", NaN));
      return [order, Atomics.waitAsync.length, Atomics.notify.length, Atomics.waitAsync.name, Atomics.notify.name];`);
  });

  test("a notify that was read first wakes too, and a guest may put its own in the place", async () => {
    const other = await supervisor.spawn("own");
    expect(
      await other.exec(`(async () => { const { notify } = Atomics; const array = new Int32Array(new SharedArrayBuffer(16)); const { value } = Atomics.waitAsync(array, 0, 0); const woken = notify(array, 0);
        const mine = () => "mine"; Atomics.notify = mine; return [woken, await value, Atomics.notify === mine, Object.getOwnPropertyDescriptor(Atomics, "notify").enumerable]; })()`),
    ).toEqual([1, "ok", true, false]);
  });

  test("many who wait for ever are the guest's own memory", async () => {
    const other = await supervisor.spawn("many");
    const error = await rejectionOf(
      other.exec(
        `const array = new Int32Array(new SharedArrayBuffer(16)); for (;;) Atomics.waitAsync(array, 0, 0)`,
      ),
    );
    expect(error).toMatchObject({
      denialEvent: { policyRule: expect.stringMatching(/^limit\.(?:cpu|memory)$/) as string },
    });
  });
});
