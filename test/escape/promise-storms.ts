import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

const STORM = 20_000;
const RULES = [importing("node:fs")];
const LIMITS = { cpu_ms: 30_000, wall_ms: 60_000, memory_mib: 256 };

const storm = (asked: number, call: string): string => `(async () => {
    const refused = new Set(), others = [];
    const one = () => ${call}.catch((error) => { if (error.name === "PolicyError") refused.add(error.denialId); else others.push(error.message); });
    await Promise.all(Array.from({ length: ${asked} }, one));
    return { refused: refused.size, others: others.length };
  })()`;

await arena(
  {
    rules: RULES,
    limits: LIMITS,
    token: "token",
  },
  async ({ spawn, supervisor }) => {
    // Every one of a storm is refused with an id of its own.
    const cell = await spawn();
    await cell.exec(`globalThis.fs = require("node:fs"); 0`);
    for (const call of [`fetch("http://127.0.0.1:1/")`, `fs.promises.readFile("/etc/shadow")`]) {
      assert.deepEqual(await cell.exec(storm(STORM, call)), { refused: STORM, others: 0 });
    }
    let due = 2 * STORM;
    assert.equal(supervisor.stats.denials, due);

    // A storm beyond the limit of calls: each is a denial still, those beyond by that limit.
    await supervisor.reloadPolicy(
      { version: 1, name: "few", rules: RULES, limits: { ...LIMITS, calls: 1000 } },
      "token",
    );
    assert.deepEqual(await cell.exec(storm(3000, `fs.promises.stat("/etc/shadow")`)), {
      refused: 3000,
      others: 0,
    });
    assert.equal(cell.stats.byRule["limit.calls"], 2000);
    due += 3000;

    // The guest neither awaits nor catches these: the call is settled, the denials are recorded all the same.
    const left = await cell.exec(
      `for (let i = 0; i < 500; i++) fetch("http://127.0.0.1:1/"); "left"`,
    );
    assert.equal(left, "left");
    due += 500;
    while (supervisor.stats.denials < due) await cell.exec("1");
    const refused = await failureOf(
      cell.exec(`Promise.all(Array.from({ length: 100 }, () => fetch("http://127.0.0.1:1/")))`),
    );
    assert.ok(refused instanceof PolicyError);
    due += 100;
    while (supervisor.stats.denials < due) await cell.exec("1");
    return due;
  },
);
