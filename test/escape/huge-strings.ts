import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

// 100 MB, flat, in a cell that has the heap for it.
const flat = `const huge = "/" + "a".repeat(100_000_000); huge.charCodeAt(7);`;

await arena(
  {
    rules: [importing("node:fs", "node:child_process")],
    limits: { memory_mib: 256, cpu_ms: 5000, wall_ms: 20_000, output_bytes: 10_000_000 },
  },
  async ({ spawn, events }) => {
    const cell = await spawn();
    await cell.exec(
      `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process"); 0`,
    );
    const attempts: readonly (readonly [program: string, reason: string])[] = [
      [`fs.readFileSync(huge)`, "malformed"],
      [`fs.promises.stat(huge)`, "malformed"],
      [`fetch("http://127.0.0.1:1" + huge)`, "malformed"],
      [`fetch("http://127.0.0.1:1/", { headers: { a: huge } })`, "malformed"],
      [`require(huge)`, "malformed"],
      [`import(huge)`, "malformed"],
      [`cp.execFileSync(huge)`, "malformed"],
      [`cp.execFileSync("/bin/sh", [huge])`, "malformed"],
      [`post(huge)`, "limit"],
    ];
    for (const [index, [program, reason]] of attempts.entries()) {
      const error = await failureOf(cell.exec(`{ ${flat} ${program} }`));
      assert.ok(error instanceof PolicyError, `${program}: ${error.message.slice(0, 200)}`);
      assert.equal(error.denialEvent.reason, reason, program);
      assert.equal(error.denialEvent, events[index], program);
      assert.ok(error.denialEvent.target.length <= 1024 && error.message.length < 2048, program);
      assert.equal(events.length, index + 1, program);
    }
    // An address without a scheme is a mistake of the program and no attempt to reach a host.
    const misused = await failureOf(cell.exec(`{ ${flat} fetch(huge) }`));
    assert.ok(misused instanceof GuestError && misused.message.length < 2048);
    assert.equal(events.length, attempts.length);
    // A console line, an error's message, name and stack are cut, not refused.
    await cell.exec(`{ ${flat} console.log(huge, huge); 0 }`);
    const error = await failureOf(
      cell.exec(`{ ${flat} throw Object.assign(new Error(huge), { name: huge, stack: huge }); }`),
    );
    assert.ok(error.message.length <= 4096 && String(error.stack).length < 16_384);
    // Copied out of the isolate before it can be measured: its end is the output limit or the memory limit.
    const result = await failureOf((await spawn()).exec(`{ ${flat} huge }`));
    assert.ok(result instanceof PolicyError, result.message.slice(0, 200));
    assert.match(result.denialEvent.policyRule, /^limit\.(?:output|memory)$/);
    return attempts.length + 1;
  },
);
