import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { ClosedError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

// The cell's process ends by another's hand, at work and idle, before and after being given out.
await arena({}, async ({ spawn, events }) => {
  const signals = ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT"] as const;
  for (const [index, signal] of signals.entries()) {
    const cell = await spawn();
    const calls = [
      failureOf(cell.exec("new Promise(() => {})")),
      failureOf(cell.exec("new Promise(() => {})")),
    ];
    process.kill(cell.pid, signal);
    const errors = await Promise.all(calls);
    for (const error of errors) {
      assert.ok(
        error instanceof PolicyError && error.denialEvent.policyRule === "limit.crash",
        error.message,
      );
      assert.equal(error.denialEvent, events[index], "one end, one denial");
    }
    const after = await failureOf(cell.exec("1"));
    assert.ok(
      after instanceof ClosedError && /limit\.crash.*spawn/.test(after.message),
      after.message,
    );
    await cell.close();
  }
  // A stopped cell does not answer: its wall limit ends it.
  const stopped = await spawn();
  process.kill(stopped.pid, "SIGSTOP");
  const error = await failureOf(stopped.exec("1"));
  assert.ok(error instanceof PolicyError && error.denialEvent.policyRule === "limit.wall");
  const idle = await spawn();
  process.kill(idle.pid, "SIGKILL");
  while (!idle.closed) await delay(5);
  return signals.length + 2;
});
