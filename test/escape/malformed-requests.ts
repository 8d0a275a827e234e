import assert from "node:assert/strict";

import {
  GuestError,
  type GuestOperation,
  GUEST_SURFACE,
  PolicyError,
  type Sandbox,
} from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const calls: Readonly<Record<GuestOperation, readonly string[]>> = {
  "fs.readFile": ["fs.readFileSync", "fs.promises.readFile"],
  "fs.writeFile": ["fs.writeFileSync", "fs.promises.writeFile"],
  "fs.appendFile": ["fs.appendFileSync", "fs.promises.appendFile"],
  "fs.mkdir": ["fs.mkdirSync", "fs.promises.mkdir"],
  "fs.readdir": ["fs.readdirSync", "fs.promises.readdir"],
  "fs.stat": ["fs.statSync", "fs.promises.stat"],
  "fs.lstat": ["fs.lstatSync", "fs.promises.lstat"],
  "fs.access": ["fs.accessSync", "fs.promises.access"],
  "fs.realpath": ["fs.realpathSync", "fs.promises.realpath"],
  "fs.exists": ["fs.existsSync"],
  "fs.rm": ["fs.rmSync", "fs.promises.rm"],
  "fs.unlink": ["fs.unlinkSync", "fs.promises.unlink"],
  "fs.copyFile": ["fs.copyFileSync", "fs.promises.copyFile"],
  "fs.rename": ["fs.renameSync", "fs.promises.rename"],
  "fs.open": ["fs.openSync", "fs.promises.open"],
  "fs.truncate": ["fs.truncateSync", "fs.promises.truncate"],
  // They take the number of an open file: what is none makes no request.
  "fs.read": [],
  "fs.write": [],
  "fs.fstat": [],
  "fs.ftruncate": [],
  "fs.fsync": [],
  fetch: ["fetch"],
  "child_process.execFile": ["cp.execFileSync", "cp.execFile"],
  "crypto.getRandomValues": ["crypto.getRandomValues"],
  "crypto.randomUUID": [],
  "Math.random": [],
  import: ["require", "import"],
};
/** What is not a path, URL, command, module or array: not even everything granted makes a request of it. */
const wrong = [
  "",
  "undefined",
  "null",
  "0",
  "-1",
  "NaN",
  "1n",
  "true",
  "Symbol('x')",
  "{}",
  "[]",
  "['/tmp']",
  "() => 1",
  "''",
  "'\\0'",
  "new Date()",
  "/x/",
  "new String('/tmp')",
  "Object.create(null)",
];

const everything = [
  { id: "f", effect: "allow", capability: "filesystem", paths: ["/**"] },
  { id: "n", effect: "allow", capability: "network", hosts: ["*:*"] },
  { id: "s", effect: "allow", capability: "subprocess", commands: ["*"] },
  { id: "r", effect: "allow", capability: "random" },
  { id: "i", effect: "allow", capability: "import", modules: ["*"] },
];

/** What the host is told of a policy that grants every command. */
const warned =
  /^PyIsolateWarning: The policy arena .* grants more .*\n.*rules\[2\]\.commands\[0\]: grants every command/;

await arena({ rules: everything, warned }, async ({ spawn, events, supervisor }) => {
  const cell = await spawn();
  await cell.exec(
    `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process"); 0`,
  );
  assert.deepEqual(Object.keys(calls).toSorted(), Object.keys(GUEST_SURFACE).toSorted());
  for (const call of Object.values(calls).flat()) {
    for (const argument of wrong) {
      const before = events.length;
      if (call === "fs.existsSync") {
        assert.equal(await valueOf(cell, `${call}(${argument})`), false, `${call}(${argument})`);
        continue;
      }
      const error = await failureOf(cell.exec(`${call}(${argument})`));
      if (error instanceof PolicyError) {
        const reasons = call === "import" ? /^(?:malformed|outside_scope)$/ : /^malformed$/;
        assert.match(error.denialEvent.reason, reasons, `${call}(${argument})`);
        assert.equal(events.length, before + 1, `${call}(${argument})`);
      } else {
        // import(x) makes text of what it is given: some of that is a name, of a module that does not exist. What is not an address
        // or a path at all is the guest's own mistake.
        assert.match(call, /^(?:import$|fetch$|fs\.)/, `${call}(${argument}): ${error.message}`);
        // 0 may be the number of an open file, of which there is none.
        const isNumber = call === "fs.readFileSync" && argument === "0";
        const name = isNumber ? "Error" : "TypeError";
        if (call.startsWith("fs."))
          assert.ok(error instanceof GuestError && error.guestName === name, error.message);
        assert.equal(events.length, before);
      }
    }
  }
  const due = events.length;
  await misuse(cell);
  for (const name of ["", "x".repeat(129), 1, null] as string[])
    await assert.rejects(supervisor.spawn(name), TypeError);
  return due;
});

/** What a program gives; false where its request was denied. */
async function valueOf(cell: Sandbox, program: string): Promise<unknown> {
  try {
    return await cell.exec(program);
  } catch (error) {
    assert.ok(error instanceof PolicyError && error.denialEvent.reason === "malformed", program);
    return false;
  }
}

/** The host's own mistakes are typed errors that disturb nothing. */
async function misuse(cell: Sandbox): Promise<void> {
  for (const source of [undefined, null, 1, {}, Symbol("x")] as unknown as string[])
    await assert.rejects(cell.exec(source), TypeError);
  await assert.rejects(cell.exec("x".repeat(17 * 1024 * 1024)), RangeError);
  await assert.rejects(cell.call(1 as unknown as string), TypeError);
  await assert.rejects(cell.call("missing"), { name: "GuestError", message: /not a function/ });
  await assert.rejects(
    cell.call("fs", () => 1),
    Error,
  );
  assert.equal(await cell.exec(""), undefined);
  await assert.rejects(cell.exec("}{"), { name: "GuestError", guestName: "SyntaxError" });
  assert.equal(await cell.exec("1 + 1"), 2);
}
