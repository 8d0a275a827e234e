import assert from "node:assert/strict";

import { PolicyAuthError, Supervisor } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const open = {
  version: 1,
  name: "open",
  rules: [{ id: "rng", effect: "allow", capability: "random" }],
};
const wrong = [
  "",
  "s3cre",
  "s3crett",
  "S3cret",
  "s3cret\0",
  "x".repeat(10_000_000),
  undefined,
  null,
  0,
  {},
  ["s3cret"],
  new String("s3cret"),
  { toString: () => "s3cret" },
  Symbol("s3cret"),
];

await arena({ token: "s3cret" }, async ({ spawn, events, supervisor }) => {
  const cell = await spawn();
  for (const token of wrong) {
    const error = await failureOf(supervisor.reloadPolicy(open, token as string));
    assert.ok(error instanceof PolicyAuthError, String(error));
    assert.equal(error.denialEvent, events.at(-1));
    assert.equal(error.denialEvent.capability, "control");
    assert.ok(
      !JSON.stringify(error).includes("s3cre") && !error.message.includes("s3cre"),
      "no token in the record",
    );
  }
  // A policy that would not load is not looked at without the token.
  assert.ok((await failureOf(supervisor.reloadPolicy("{", "wrong"))) instanceof PolicyAuthError);
  await failureOf(cell.exec("Math.random()"));
  const due = wrong.length + 2;
  assert.equal(events.length, due);
  await supervisor.reloadPolicy(open, "s3cret");
  assert.equal(typeof (await cell.exec("Math.random()")), "number");

  // Without a token nothing opens, not even nothing.
  await using locked = new Supervisor({ policy: open, pool: 0 });
  for (const token of ["", "undefined", "null", undefined]) {
    assert.ok(
      (await failureOf(locked.reloadPolicy(open, token as string))) instanceof PolicyAuthError,
    );
  }
  return due;
});
