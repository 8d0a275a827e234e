import assert from "node:assert/strict";

import { CellStartError, ClosedError, Supervisor } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

await arena({}, async ({ spawn, events }) => {
  const cell = await spawn();
  const flying = Array.from(
    { length: 50 },
    async () => await failureOf(cell.exec(`new Promise(() => {})`)),
  );
  const asked = failureOf(
    cell.exec(
      `Promise.all(Array.from({ length: 100 }, () => fetch("http://127.0.0.1:1/").catch(() => new Promise(() => {}))))`,
    ),
  );
  await Promise.all([cell.close(), cell.close(), cell[Symbol.asyncDispose]()]);
  for (const error of await Promise.all([...flying, asked]))
    assert.ok(error instanceof ClosedError, error.message);
  for (const call of [cell.exec("1"), cell.call("x"), cell.exec("Math.random()")]) {
    const error = await failureOf(call);
    assert.ok(error instanceof ClosedError && /spawn another/.test(error.message), error.message);
  }
  for await (const message of cell.messages()) assert.fail(String(message));
  await cell.close();
  const due = events.length;
  assert.equal(cell.stats.denials, due, "what was recorded before the end stays");

  // Closing while starting, and what comes after.
  const other = new Supervisor({ policy: { version: 1, name: "other", rules: [] }, pool: 0 });
  const starting = failureOf(other.spawn("late"));
  await other.close();
  assert.ok((await starting) instanceof CellStartError);
  const late = await failureOf(other.spawn("too-late"));
  assert.ok(late instanceof CellStartError && /closed/.test(late.message));
  await other.close();
  return due;
});
