import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { OPERATIONS } from "../in-step/operations.ts";
import { ALL_CALLS, callsSource, FAILING_CALLS, FREE_CALLS } from "./guest-calls.ts";
import { type GuestNames, namesAmong, reachedIn } from "./reach.ts";

let supervisor: Supervisor;
let cell: Sandbox;
let reached: GuestNames;

beforeAll(async () => {
  supervisor = new Supervisor({
    policy: {
      version: 1,
      name: "names",
      rules: [{ id: "mods", effect: "allow", capability: "import", modules: ["*"] }],
    },
    denials: { record: () => {} },
    tools: { "crm.lookup": async () => 1 },
    pool: 0,
    kernel: "off",
  });
  cell = await supervisor.spawn("names");
  reached = await reachedIn(cell);
});

afterAll(async () => {
  await supervisor.close();
});

test("every function that a guest can name has a row, and every row is a function that it can name", () => {
  const rows = ALL_CALLS.map(({ path }) => path);
  expect(rows.filter((path, at) => rows.indexOf(path) < at)).toEqual([]);
  expect(rows.toSorted()).toEqual(namesAmong(reached.planted).toSorted());
});

test("no function of the cell's own can be reached in the guest's isolate", () => {
  expect(reached.foreign).toEqual([]);
  expect(reached.planted.length).toBeGreaterThan(500);
});

test("what needs no authority is called with the arguments of its row, and fails only where it always does", async () => {
  const failed = await cell.exec(`(async () => {
    const failed = [];
    for (const call of ${callsSource(FREE_CALLS)}) {
      try {
        const made = call.make();
        clearInterval(made);
        // Some promises wait for something that never comes.
        if (made instanceof Promise) await Promise.race([made, new Promise((go) => { setTimeout(go, 20); })]);
      } catch (error) { failed.push(call.path + ": " + error.message); }
    }
    return failed;
  })()`);
  expect(failed).toEqual(
    Object.entries(FAILING_CALLS).map(([path, message]) => `${path}: ${message}`),
  );
});

test("the fuzzer makes every call that asks the broker or goes to the host", () => {
  const sources = OPERATIONS.map(({ source }) => source("")).join("\n");
  const guarded = ALL_CALLS.filter(({ fuzzed }) => fuzzed !== undefined);
  expect(guarded.length).toBeGreaterThan(40);
  const missing = guarded.filter(({ fuzzed = "" }) => !sources.includes(fuzzed));
  expect(missing.map(({ path, fuzzed }) => `${path}: ${fuzzed}`)).toEqual([]);
});
