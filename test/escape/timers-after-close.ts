import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { ClosedError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

await arena({}, async ({ spawn, events, supervisor }) => {
  const cell = await spawn();
  // Timers that will try something once the cell has been closed, and one that keeps itself going.
  await cell.exec(
    `for (let i = 0; i < 500; i++) setTimeout(() => Math.random(), 300 + i); (function again() { setTimeout(again, 0); })(); 0`,
  );
  const waiting = failureOf(cell.exec(`new Promise(() => {})`));
  const later = failureOf(cell.exec(`new Promise((resolve) => setTimeout(resolve, 10_000))`));
  await cell.close();
  assert.ok((await waiting) instanceof ClosedError && (await later) instanceof ClosedError);
  await delay(500);
  assert.equal(events.length, 0);

  // More timers than a cell may have are the guest's own failure, and they run on the account of who set them.
  const other = await spawn();
  const many = await failureOf(
    other.exec(`for (let i = 0; i < 100_000; i++) setTimeout(() => {}, 1e9); 0`),
  );
  assert.match(many.message, /too many timers/);
  assert.equal(
    await other.exec(
      `for (let id = 0; id < 2000; id++) clearTimeout(id); setTimeout(() => Math.random(), -1e99); 1`,
    ),
    1,
  );
  while (events.length < 1) assert.equal(await other.exec("1"), 1);
  for (const odd of ["NaN", "Infinity", "-1", "2 ** 53", "{}", "1n", "'x'"])
    await other.exec(`clearTimeout(setTimeout(() => Math.random(), ${odd})); 0`);
  // A timer that outlives everything else does not hold the supervisor open.
  await other.exec(`setTimeout(() => {}, 2_000_000_000); 0`);
  assert.equal(supervisor.stats.denials, 1);
  return 1;
});
