import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const SPIN = "for (;;);";
const supplied = {
  spinning: SPIN,
  "spinning-esm": `export const a = 1; ${SPIN}`,
  "spinning-late": `await null; ${SPIN} export {};`,
};

/** Carried without running the guest. */
const carried = [`throw { toJSON() { ${SPIN} } }`];

/** Where a guest may spin while a call waits for it. */
const awaited: Readonly<Record<string, string>> = {
  "in the script": SPIN,
  "in a getter of the result": `({ get a() { ${SPIN} } })`,
  "in a getter of a message": `post({ get a() { ${SPIN} } })`,
  "in a line's own format": `console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { ${SPIN} } })`,
  "in a promise's reaction": `Promise.resolve().then(() => { ${SPIN} })`,
  "in microtasks that breed": `(function again() { return Promise.resolve().then(again); })()`,
  "in a timer": `new Promise(() => setTimeout(() => { ${SPIN} }, 0))`,
  "in a getter of then": `({ get then() { ${SPIN} } })`,
  "in then": `({ then() { ${SPIN} } })`,
  "in a thrown error's message": `throw { get message() { ${SPIN} } }`,
  "in a thrown error's stack": `Error.prepareStackTrace = () => { ${SPIN} }; throw new Error("x")`,
  "in a module": `require("spinning")`,
  "in an ES module": `import("spinning-esm")`,
  "in a generator": `[...(function* () { for (;;) yield; })()].length`,
  "in a regular expression": `/^(a+)+$/.test("a".repeat(40) + "b")`,
  "in finally, for ever": `for (;;) try { ${SPIN} } finally { continue; }`,
  "in a reaction to a refusal": `fetch("http://127.0.0.1:1/").catch(() => { ${SPIN} })`,
  "in Atomics.wait": `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
};

const rules = [{ id: "mods", effect: "allow", capability: "import", modules: ["*"] }];

await arena(
  { rules, modules: supplied, limits: { cpu_ms: 150, wall_ms: 4000 } },
  async ({ spawn, events }) => {
    const patient = await spawn();
    for (const program of carried)
      assert.ok((await failureOf(patient.exec(program))) instanceof GuestError);
    let due = 0;
    for (const [where, program] of Object.entries(awaited)) {
      const cell = await spawn();
      const error = await failureOf(cell.exec(program));
      if (where === "in Atomics.wait" && !cell.closed) continue;
      assert.ok(error instanceof PolicyError, `${where}: ${error.name}: ${error.message}`);
      assert.match(error.denialEvent.policyRule, /^limit\.(?:cpu|wall|memory)$/, where);
      assert.equal(error.denialEvent, events.at(-1), where);
      due += where === "in a reaction to a refusal" ? 2 : 1;
      assert.equal(events.length, due, where);
      assert.ok(cell.closed, where);
    }
    // After the call has settled no caller waits; the limits hold all the same.
    for (const program of [
      `setTimeout(() => { ${SPIN} }, 10); 1`,
      `setTimeout(function again() { setTimeout(again, 0); for (let i = 0; i < 1e7; i++); }, 0); 1`,
    ]) {
      const cell = await spawn();
      assert.equal(await cell.exec(program), 1);
      const ended = Date.now() + 20_000;
      while (!cell.closed) {
        assert.ok(Date.now() < ended, `${program} spins on`);
        await delay(20);
      }
      due += 1;
    }
    return due;
  },
);
