import assert from "node:assert/strict";

import { arena } from "./arena/arena.ts";

// A rejection without a handler is thrown out of the isolate: the cell must not take the guest's text for V8's own word.
const texts = [
  "Script execution timed out.",
  "Isolate was disposed during execution due to memory limit",
  "Isolate is disposed",
  "out of memory",
  "Array buffer allocation failed",
  "Isolate was disposed during execution",
];

await arena({ limits: { cpu_ms: 2000 } }, async ({ spawn, events }) => {
  const lines: string[] = [];
  const cell = await spawn({ onConsole: (_level, text) => lines.push(text) });
  for (const text of texts) {
    const message = JSON.stringify(text);
    for (const program of [
      `Promise.reject(new Error(${message})); 1`,
      `Promise.reject(${message}); 1`,
      `setTimeout(() => { throw new Error(${message}); }, 0); 1`,
      `(async () => { await null; throw new RangeError(${message}); })(); 1`,
      `queueMicrotask(() => { throw new Error(${message}); }); 1`,
      `new Promise((_, reject) => setTimeout(reject, 0, Object.assign(new Error(${message}), { stack: ${message}, name: ${message} }))); 1`,
    ]) {
      const value = await cell.exec(program).catch((error: unknown) => error);
      assert.ok(value === 1 || value instanceof Error || value instanceof Object, program);
      assert.equal(await cell.exec("6 * 7"), 42, `${program} ended the cell`);
    }
    await assert.rejects(cell.exec(`throw new Error(${message})`), {
      name: "GuestError",
      message: text,
    });
    await assert.rejects(cell.exec(`Promise.reject(new Error(${message}))`), {
      name: "GuestError",
      message: text,
    });
  }
  for (const odd of [
    "null",
    "undefined",
    "Symbol('x')",
    "1n",
    "Object.create(null)",
    "new Proxy({}, { get() { throw 1; } })",
    "{ get message() { throw 1; } }",
  ]) {
    await cell
      .exec(`Promise.reject(${odd.startsWith("{") ? `(${odd})` : odd}); 1`)
      .catch(() => undefined);
  }
  // A refusal without a handler is a denial, and no more.
  await cell.exec(`setTimeout(() => Math.random(), 0); 1`);
  while (events.length < 1) assert.equal(await cell.exec("1"), 1);
  assert.equal(await cell.exec("6 * 7"), 42);
  assert.equal(cell.closed, false);
  return 1;
});
