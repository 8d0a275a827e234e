import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const CALLS = 500;
const rules = [{ id: "rng", effect: "allow", capability: "random", operations: ["read"] }];

await arena(
  { rules, limits: { calls: CALLS, cpu_ms: 10_000, wall_ms: 30_000 } },
  async ({ spawn, events }) => {
    const cell = await spawn();
    // Granted ones count too; beyond the limit each is refused.
    const error = await failureOf(cell.exec(`for (;;) Math.random();`));
    assert.ok(error instanceof PolicyError && error.denialEvent.policyRule === "limit.calls");
    assert.equal(error.denialEvent, events[0]);
    assert.equal(cell.stats.allowed, CALLS);

    const flood = `(() => { const ids = new Set(); for (let i = 0; i < 5000; i++) try { %; } catch (error) { ids.add(error.denialId); } return ids.size; })()`;
    assert.equal(await cell.exec(flood.replace("%", "Math.random()")), 5000 - CALLS);
    assert.equal(await cell.exec(flood.replace("%", `require("refused")`)), 5000);
    let due = 1 + 5000 - CALLS + 5000;
    assert.equal(events.length, due);
    assert.equal(cell.stats.byRule["limit.calls"], 1 + 2 * (5000 - CALLS));

    // What a call left behind is on its account, not on a fresh one: timers cannot multiply the limit.
    const before = cell.stats.allowed;
    await cell.exec(
      `globalThis.made = 0; for (let i = 0; i < 10; i++) setTimeout(() => { for (let k = 0; k < 200; k++) try { Math.random(); made++; } catch {} ; globalThis.rounds = (globalThis.rounds ?? 0) + 1; }, 1); 0`,
    );
    while ((await cell.exec("globalThis.rounds")) !== 10) assert.ok(!cell.closed);
    assert.equal(await cell.exec("made"), CALLS);
    assert.equal(cell.stats.allowed - before, CALLS);
    due += 10 * 200 - CALLS;
    assert.equal(events.length, due);
    // A call without a flood is untouched by those before it.
    assert.equal(typeof (await cell.exec("Math.random()")), "number");
    return due;
  },
);
