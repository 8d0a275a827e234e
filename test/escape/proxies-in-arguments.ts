import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

const setup = `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process");
  globalThis.revoked = (target = {}) => { const { proxy, revoke } = Proxy.revocable(target, {}); revoke(); return proxy; };
  globalThis.screaming = (target) => new Proxy(target, new Proxy({}, { get() { return () => { throw new RangeError("trap"); }; } })); 0`;

await arena(
  {
    rules: [importing("node:fs", "node:child_process")],
    limits: { cpu_ms: 300 },
  },
  async ({ spawn, events }) => {
    const cell = await spawn();
    await cell.exec(setup);
    // Each is the guest's own failure or a malformed request; which of the two, says the last column.
    const attempts: readonly (readonly [program: string, denied: boolean])[] = [
      [`fs.readFileSync(revoked())`, false],
      [`fs.readFileSync("/etc/shadow", revoked())`, false],
      [`fs.writeFileSync("/tmp/x", revoked())`, false],
      [`fs.writeFileSync("/tmp/x", screaming(new Uint8Array(8)))`, false],
      [`fs.promises.rm("/tmp/x", screaming({}))`, false],
      [`fetch(screaming({}))`, false],
      [`fetch("http://127.0.0.1:1/", screaming({}))`, false],
      [`fetch("http://127.0.0.1:1/", { headers: screaming({}) })`, false],
      [`fetch("http://127.0.0.1:1/", { headers: revoked() })`, false],
      [`cp.execFileSync("/bin/sh", revoked([]))`, false],
      [`cp.execFileSync("/bin/sh", screaming([]))`, false],
      [`crypto.getRandomValues(screaming(new Uint8Array(8)))`, true],
      [`crypto.getRandomValues(revoked(new Uint8Array(8)))`, true],
      [`require(screaming({}))`, true],
      [`post(screaming({}))`, false],
      [`screaming({})`, false],
      [`throw screaming(new Error("x"))`, false],
      [`throw revoked()`, false],
    ];
    let due = 0;
    for (const [program, denied] of attempts) {
      const error = await failureOf(cell.exec(program));
      assert.ok(
        denied ? error instanceof PolicyError : error instanceof GuestError,
        `${program}: ${error.name} ${error.message}`,
      );
      if (denied) {
        due += 1;
        assert.ok(
          error instanceof PolicyError && error.denialEvent.reason === "malformed",
          program,
        );
      }
      assert.equal(events.length, due, program);
    }
    const endless = `cp.execFileSync("/bin/sh", new Proxy([], { get: (_, key) => key === "length" ? Infinity : "a" }))`;
    const error = await failureOf(cell.exec(endless));
    assert.ok(error instanceof PolicyError, error.message);
    return due + 1;
  },
);
