import { setImmediate as nextTurn } from "node:timers/promises";
import { runInNewContext } from "node:vm";

import { type DenialSink } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { policyOf } from "../testing/cells.ts";

const broken = new Error("host broke");

/** Functions of a host that fail, at once or by a promise of some kind. */
const FAILING: readonly [string, () => unknown][] = [
  [
    "throws",
    () => {
      throw broken;
    },
  ],
  ["rejects", async () => await Promise.reject(broken)],
  [
    "rejects by a promise of another realm",
    (): unknown => runInNewContext("Promise.reject(e)", { e: broken }) as unknown,
  ],
  [
    "rejects by a library's promise",
    // oxlint-disable-next-line unicorn/no-thenable -- such an object is what a library's promise is
    () => ({ then: (_fulfil: unknown, reject: (error: Error) => void) => reject(broken) }),
  ],
];

describe.each(FAILING)("a function of the host that %s", (_how, failing) => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  const warned: unknown[] = [];
  beforeEach(() => {
    unhandled.length = 0;
    warned.length = 0;
    process.on("unhandledRejection", onUnhandled);
    vi.spyOn(process, "emitWarning").mockImplementation((text) => void warned.push(text));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.off("unhandledRejection", onUnhandled);
  });

  test("as onConsole ends neither host nor cell, and is told once, however much the guest prints", async () => {
    await using supervisor = new Supervisor({ policy: policyOf([]), kernel: "off", pool: 0 });
    await using cell = await supervisor.spawn("guest", { onConsole: failing });
    expect(await cell.exec("for (let i = 0; i < 100; i++) console.log(i); 1")).toBe(1);
    await nextTurn();
    expect(warned).toEqual(["onConsole threw: host broke"]);
    expect(unhandled).toEqual([]);
    expect(cell.closed).toBe(false);
  });

  test("as a sink ends neither host nor cell, and is told once", async () => {
    const denials: DenialSink = { record: failing, allowed: failing, closed: failing };
    await using supervisor = new Supervisor({
      policy: policyOf([]),
      kernel: "off",
      pool: 0,
      denials,
    });
    await using cell = await supervisor.spawn("guest");
    expect(await cell.exec("let n = 0; try { Math.random() } catch { n = 1 } n")).toBe(1);
    await cell.close();
    await nextTurn();
    expect(warned).toEqual(["a denial sink threw, which sinks must not do: host broke"]);
    expect(unhandled).toEqual([]);
  });
});
