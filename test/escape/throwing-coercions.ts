import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

const bad = `({ toString() { throw new RangeError("text"); }, [Symbol.toPrimitive]() { throw new RangeError("primitive"); }, valueOf() { throw new RangeError("value"); }, toJSON() { throw new RangeError("json"); } })`;

await arena(
  {
    rules: [importing("node:fs", "node:child_process")],
  },
  async ({ spawn, events }) => {
    const lines: string[] = [];
    const cell = await spawn({ onConsole: (_level, text) => lines.push(text) });
    await cell.exec(
      `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process"); globalThis.bad = ${bad}; 0`,
    );
    const own = [
      `import(bad)`,
      `fetch(bad)`,
      `fetch("http://127.0.0.1:1/", { method: bad })`,
      `fetch("http://127.0.0.1:1/", { headers: { a: bad } })`,
      `fs.readFileSync("/etc/shadow", bad, { encoding: bad }) && fs.readFileSync("/etc/shadow", { encoding: bad })`,
      `throw bad`,
      `throw Object.defineProperties(new Error("x"), { message: { get() { throw 1; } }, name: { get() { throw 2; } }, stack: { get() { throw 3; } } })`,
      `({ get then() { throw new RangeError("then"); } })`,
      `({ then() { throw new RangeError("then"); } })`,
      `({ then(_, reject) { reject(bad); } })`,
      `(async () => { throw bad; })()`,
      `throw Symbol("x")`,
      `throw null`,
      `throw undefined`,
      `throw 1n`,
      `Promise.reject()`,
    ];
    for (const program of own) {
      const error = await failureOf(cell.exec(program));
      const isOwn = error instanceof GuestError;
      const isRefusal = program.startsWith("fs.") && error instanceof PolicyError;
      assert.ok(isOwn || isRefusal, `${program}: ${error.name} ${error.message}`);
    }
    const asked = events.length;
    const misused = await failureOf(cell.exec(`fs.readFileSync(bad)`));
    assert.ok(misused instanceof GuestError && misused.guestName === "TypeError", misused.message);
    assert.equal(events.length, asked);
    for (const program of [
      `require(bad)`,
      `cp.execFileSync(bad)`,
      `cp.execFileSync("/bin/sh", [bad])`,
    ]) {
      const error = await failureOf(cell.exec(program));
      assert.ok(
        error instanceof PolicyError && error.denialEvent.reason === "malformed",
        `${program}: ${error.message}`,
      );
    }
    await cell.exec(
      `console.log(bad, Symbol("x"), Object.create(null)); console.error({ get a() { throw 1; } }); 0`,
    );
    assert.deepEqual(lines.slice(-2), [
      "} Symbol(x) [Object: null prototype] {}",
      "{ a: [Getter] }",
    ]);
    // A then that settles twice, and late, settles once.
    const twice = `({ then(resolve, reject) { resolve("first"); reject(new Error("second")); resolve("third"); throw new Error("fourth"); } })`;
    assert.equal(await cell.exec(twice), "first");
    return asked + 3;
  },
);
