import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

const rules = [
  importing("node:child_process"),
  {
    id: "sh",
    effect: "allow",
    capability: "subprocess",
    operations: ["exec"],
    commands: [{ path: "/bin/sh", args: ["-c", "*"] }],
  },
];
const sh = (script: string, options = "{}"): string =>
  `cp.execFileSync("/bin/sh", ["-c", ${JSON.stringify(script)}], ${options})`;
const later = (script: string): string =>
  `cp.execFile("/bin/sh", ["-c", ${JSON.stringify(script)}])`;

// A granted shell starts what is meant to outlive it; the arena looks for what is left of the supervisor's.
await arena(
  { rules, limits: { wall_ms: 3000, output_bytes: 100_000 } },
  async ({ spawn, events }) => {
    let due = 0;
    const children = [
      sh("sleep 300 & exit 0"),
      sh("setsid sleep 300 & exit 0"),
      sh("(setsid sh -c 'trap \"\" TERM HUP INT; sleep 300' &) ; exit 1"),
      sh("sleep 300", "{ timeout: 100 }"),
      sh("yes"),
      later("setsid sleep 300 & sleep 300"),
      `${later("sleep 300")}; 1`,
      sh("kill -9 $PPID"),
    ];
    for (const program of children) {
      const cell = await spawn();
      await cell.exec(`globalThis.cp = require("node:child_process"); 0`);
      const outcome = await cell.exec(program).catch((error: unknown) => error);
      if (outcome instanceof PolicyError) {
        due += 1;
        assert.match(outcome.denialEvent.policyRule, /^limit\.(?:wall|crash)$/, program);
      } else if (outcome instanceof Error) assert.ok(outcome instanceof GuestError, program);
      await cell.close();
      assert.equal(events.length, due, program);
    }
    // A shell that is not granted starts nothing, whatever it is called.
    const cell = await spawn();
    await cell.exec(`globalThis.cp = require("node:child_process"); 0`);
    for (const command of [
      "sh",
      "/bin/../bin/sh",
      "/bin//sh",
      "/usr/bin/env",
      "./sh",
      "/bin/sh ",
      "/bin/sh -c",
    ]) {
      assert.ok(
        (await failureOf(
          cell.exec(`cp.execFileSync(${JSON.stringify(command)}, ["-c", "exit 0"])`),
        )) instanceof PolicyError,
        command,
      );
      due += 1;
    }
    return due;
  },
);
