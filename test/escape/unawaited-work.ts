import assert from "node:assert/strict";

import { arena, importing } from "./arena/arena.ts";

// What goes on after exec has settled is recorded as that cell's, and disturbs no later call.
await arena({ rules: [importing("node:fs")] }, async ({ spawn, events }) => {
  const cell = await spawn();
  await cell.exec(`globalThis.fs = require("node:fs"); globalThis.late = 0; 0`);
  const programs = [
    `fetch("http://127.0.0.1:1/").catch(() => { late++; }); "settled"`,
    `fs.promises.readFile("/etc/shadow").catch(() => fs.promises.readFile("/etc/shadow")).catch(() => { late++; }); "settled"`,
    `setTimeout(() => { try { Math.random(); } catch { late++; } }, 20); "settled"`,
    `setTimeout(async () => { await null; try { require("refused"); } catch { late++; } }, 5); "settled"`,
    `Promise.resolve().then(() => { try { Math.random(); } catch { late++; } }); "settled"`,
    `queueMicrotask(() => { try { Math.random(); } catch { late++; } }); "settled"`,
  ];
  for (const program of programs) assert.equal(await cell.exec(program), "settled");
  while ((await cell.exec("late")) !== programs.length) assert.ok(!cell.closed);
  // The guest does not catch them either: each is one denial, and no call fails for it.
  assert.equal(
    await cell.exec(`setTimeout(() => Math.random(), 1); fetch("http://127.0.0.1:2/"); "settled"`),
    "settled",
  );
  while (events.length < programs.length + 3) assert.equal(await cell.exec("1"), 1);
  // Each result belongs to its own call, whatever order they come in.
  const calls = Array.from(
    { length: 20 },
    async (_, index) =>
      await cell.exec(`new Promise((resolve) => setTimeout(resolve, ${20 - index}, ${index}))`),
  );
  assert.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 20 }, (_, index) => index),
  );
  return programs.length + 3;
});
