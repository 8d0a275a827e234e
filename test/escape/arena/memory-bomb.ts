import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena } from "./arena.ts";

/**
 * One guest that would fill the memory, in the script and in a promise's reaction. The cell may survive it (a clean RangeError,
 * or a value); else its end is one denial by a limit, and the caller is told that very event.
 */
export async function bomb(program: string): Promise<void> {
  await arena({ limits: { cpu_ms: 2500, wall_ms: 5000 } }, async ({ spawn, events }) => {
    const endings = [program, `Promise.resolve().then(() => { ${program} })`].map(
      async (source) => {
        const cell = await spawn();
        const outcome = await failureOrValue(cell.exec(source));
        const last =
          outcome instanceof PolicyError ? outcome : await failureOrValue(cell.exec("6 * 7"));
        await cell.close();
        if (last === 42) return 0;
        assert.ok(last instanceof PolicyError, String(last));
        // V8 may abort the process, which is a `crash`.
        assert.match(
          last.denialEvent.policyRule,
          /^limit\.(?:memory|cpu|wall|crash)$/,
          String(last),
        );
        assert.ok(events.includes(last.denialEvent));
        return 1;
      },
    );
    const ended = await Promise.all(endings);
    return ended.filter((denials) => denials === 1).length;
  });
}

async function failureOrValue(call: Promise<unknown>): Promise<unknown> {
  return await call.catch((error: unknown) => {
    assert.ok(error instanceof PolicyError || error instanceof GuestError, String(error));
    return error;
  });
}
