import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

const setup = `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process");
  globalThis.flip = (...values) => { let at = 0; return { get() { return values[Math.min(at++, values.length - 1)]; }, enumerable: true }; }; 0`;

await arena(
  {
    rules: [
      importing("node:fs", "node:child_process"),
      {
        id: "self",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: ["/proc/version"],
      },
    ],
    limits: { cpu_ms: 300 },
  },
  async ({ spawn, events }) => {
    const cell = await spawn();
    await cell.exec(setup);

    // A getter that throws is the guest's own failure: nothing was asked, so nothing was denied.
    for (const throwing of [
      `fs.readFileSync("/etc/shadow", { get encoding() { throw new RangeError("mine"); } })`,
      `fs.rmSync("/etc/nothing", { get recursive() { throw new RangeError("mine"); } })`,
      `fetch("http://127.0.0.1:1/", { get method() { throw new RangeError("mine"); } })`,
      `fetch({ get toString() { throw new RangeError("mine"); } })`,
      `fetch("http://127.0.0.1:1/", { headers: { get a() { throw new RangeError("mine"); } } })`,
      `cp.execFileSync("/bin/sh", Object.defineProperty([], 0, { get() { throw new RangeError("mine"); } }))`,
      `cp.execFileSync("/bin/sh", [], { get timeout() { throw new RangeError("mine"); } })`,
    ]) {
      const error = await failureOf(cell.exec(throwing));
      assert.ok(
        error instanceof GuestError && error.guestName === "RangeError",
        `${throwing}: ${error.message}`,
      );
    }
    assert.equal(events.length, 0);

    // What changes between two reads is read once: the URL that was decided is the one that is denied.
    const flipped = await failureOf(
      cell.exec(
        `fetch({ n: 0, toString() { return this.n++ === 0 ? "http://127.0.0.1:1/" : "http://127.0.0.1:2/"; } })`,
      ),
    );
    assert.ok(flipped instanceof PolicyError);
    assert.equal(flipped.denialEvent.target, "127.0.0.1:1");
    // A path is text or it is not a path: an object is not asked for its text.
    const changing = await failureOf(
      cell.exec(
        `let n = 0; fs.readFileSync({ toString() { return n++ ? "/etc/shadow" : "/proc/version"; } })`,
      ),
    );
    assert.ok(changing instanceof GuestError && changing.guestName === "TypeError");
    assert.equal(events.length, 1);

    // Arguments without an end are refused or end with the CPU limit.
    const many = await failureOf(
      cell.exec(`const list = []; list.length = 4294967295; cp.execFileSync("/bin/sh", list)`),
    );
    assert.ok(many instanceof PolicyError && many.denialEvent.reason === "malformed", many.message);
    const endless = await failureOf(
      cell.exec(`fetch("http://127.0.0.1:1/", { headers: { get a() { for (;;); } } })`),
    );
    assert.ok(endless instanceof PolicyError && endless.denialEvent.policyRule === "limit.cpu");
    assert.equal(cell.closed, true);
    return 3;
  },
);
