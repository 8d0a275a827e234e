import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const cycle = `(() => { const a = { list: [] }; a.self = a; a.list.push(a, a.list); return a; })()`;

await arena({ limits: { cpu_ms: 1000 } }, async ({ spawn }) => {
  const lines: string[] = [];
  const cell = await spawn({ onConsole: (_level, text) => lines.push(text) });
  // Structured clone carries a cycle; text does not.
  const result = (await cell.exec(cycle)) as { self: unknown; list: unknown[] };
  assert.ok(result.self === result && result.list[0] === result && result.list[1] === result.list);
  const reader = cell.messages();
  await cell.exec(`post(${cycle})`);
  const message = (await reader.next()).value as { self: unknown };
  assert.equal(message.self, message);
  await cell.exec(`console.log(${cycle}, 1)`);
  assert.equal(
    lines.join("|"),
    "<ref *1> {|  list: <ref *2> [ [Circular *1], [Circular *2] ],|  self: [Circular *1]|} 1",
  );
  const thrown = await failureOf(cell.exec(`throw Object.assign(new Error("round"), ${cycle})`));
  assert.ok(thrown instanceof GuestError);
  const cause = await failureOf(
    cell.exec(`const e = new Error("own cause"); e.cause = e; throw e`),
  );
  assert.ok(cause instanceof GuestError && cause.message === "own cause");
  const refused = await failureOf(cell.exec(`require(${cycle})`));
  assert.ok(refused instanceof PolicyError && refused.denialEvent.reason === "malformed");
  // A prototype chain cannot be a cycle, but a proxy's can.
  const endless = await failureOf(
    cell.exec(
      `const p = new Proxy({}, { getPrototypeOf: () => p }); const o = Object.setPrototypeOf({}, p); throw o`,
    ),
  );
  assert.ok(endless instanceof GuestError);
  // A thenable that resolves to itself, and a promise that is its own.
  const own = await failureOf(
    cell.exec(`const { promise, resolve } = Promise.withResolvers(); resolve(promise); promise`),
  );
  assert.ok(own instanceof GuestError && own.guestName === "TypeError");
  const self = await failureOf(cell.exec(`const t = { then(resolve) { resolve(t); } }; t`));
  assert.ok(
    self instanceof PolicyError && self.denialEvent.policyRule === "limit.cpu",
    self.message,
  );
  return 2;
});
