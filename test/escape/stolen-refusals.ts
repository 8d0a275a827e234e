import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

// The real refusal, caught and thrown again in every way that a program may: the host is told that very event, no other.
const rethrown = [
  `try { Math.random(); } catch (error) { throw error; }`,
  `(async () => { try { Math.random(); } catch (error) { await null; throw error; } })()`,
  `let kept; try { Math.random(); } catch (error) { kept = error; } ({ then(_, reject) { reject(kept); } })`,
  `try { Math.random(); } catch (error) { error.message = "mine"; error.name = "Mine"; error.denialId = "x-1"; throw error; }`,
  `try { Math.random(); } catch (error) { Object.setPrototypeOf(error, null); throw Object.freeze(error); }`,
  `try { Math.random(); } finally { null; }`,
  `[1].map(() => Math.random())`,
  `new Promise(() => { Math.random(); })`,
  `Promise.any([]).catch(() => Math.random())`,
  `require("node:fs").promises.readFile("/etc/shadow").catch((error) => { throw error; })`,
  `import("refused").then(() => 1)`,
  `(async () => { for await (const x of [fetch("http://127.0.0.1:1/")]) x; })()`,
];

await arena({ rules: [importing("node:fs")] }, async ({ spawn, events }) => {
  const cell = await spawn();
  for (const program of rethrown) {
    const before = events.length;
    const error = await failureOf(cell.exec(program));
    assert.ok(error instanceof PolicyError, `${program}: ${error.name} ${error.message}`);
    assert.equal(events.length, before + 1, program);
    assert.equal(error.denialEvent, events[before], program);
  }
  // An old refusal that is thrown later is the old denial, however many came between.
  await cell.exec(
    `try { Math.random(); } catch (error) { globalThis.old = error; } try { Math.random(); } catch {} 0`,
  );
  const old = await failureOf(cell.exec(`throw old`));
  assert.ok(old instanceof PolicyError);
  assert.equal(old.denialEvent, events[rethrown.length]);
  return rethrown.length + 2;
});
