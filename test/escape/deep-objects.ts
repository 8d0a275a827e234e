import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const depth = (levels: number): string =>
  `(() => { let deep = { end: true }; for (let i = 0; i < ${levels}; i++) deep = i % 2 ? [deep] : { deep }; return deep; })()`;

// 10,000 levels: structured clone walks them by recursion, in the cell and again in the host.
await arena({ limits: { cpu_ms: 3000 } }, async ({ spawn }) => {
  const messages: unknown[] = [];
  for (const levels of [10_000, 100_000]) {
    const cell = await spawn();
    const drain = (async () => {
      for await (const message of cell.messages()) messages.push(message);
    })();
    for (const program of [
      depth(levels),
      `post(${depth(levels)})`,
      `throw ${depth(levels)}`,
      `console.log(${depth(levels)})`,
    ]) {
      // It arrives, or it is the guest's failure.
      const error = await cell.exec(program).then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error === null || error instanceof GuestError, `${program}: ${String(error)}`);
    }
    // As an argument of a guarded operation it is not text.
    const refused = await failureOf(cell.exec(`require(${depth(levels)})`));
    assert.ok(refused instanceof PolicyError && refused.denialEvent.reason === "malformed");
    // From the host into the guest.
    await cell.exec(
      `globalThis.take = (value) => typeof value; globalThis.make = () => ${depth(levels)}; 0`,
    );
    let deep: unknown = 1;
    for (let level = 0; level < levels; level++) deep = { deep };
    const called = await cell.call("take", deep).catch((reason: unknown) => reason);
    assert.ok(called === "object" || called instanceof Error, String(called));
    const made = await cell.call("make").catch((reason: unknown) => reason);
    assert.ok(typeof made === "object", String(made));
    assert.equal(await cell.exec("1 + 1"), 2);
    await cell.close();
    await drain;
  }
  return 2;
});
