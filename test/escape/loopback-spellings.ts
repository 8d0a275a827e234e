import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";
import { Web } from "./arena/web.ts";

await using open = await Web.start((_request, response) => response.end("open"));
await using secret = await Web.start((_request, response) => response.end("secret"));

/** One address: a guest that is granted it is granted it in every spelling. */
const same = [
  "127.0.0.1",
  "127.1",
  "127.0.1",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "017700000001",
  "127.0.0.1.",
  "１２７.0.0.1",
  "127%2e0.0.1",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
];
/** Others that lead to the same machine; a grant of 127.0.0.1 covers none of these. */
const others = [
  "localhost",
  "LOCALHOST",
  "localhost.",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[::]",
  "0.0.0.0",
  "0",
  "127.0.0.2",
  "127.255.255.254",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "ip6-localhost",
];

const rules = [
  {
    id: "open",
    effect: "allow",
    capability: "network",
    operations: ["connect"],
    hosts: [`127.0.0.1:${open.port}`],
  },
  {
    id: "names",
    effect: "allow",
    capability: "network",
    operations: ["connect"],
    hosts: [`localhost:${open.port}`],
  },
];

await arena({ rules }, async ({ spawn, events }) => {
  const cell = await spawn();
  const fetched = (host: string, port: number): Promise<unknown> =>
    cell.exec(`fetch(${JSON.stringify(`http://${host}:${port}/`)}).then((r) => r.text())`);
  for (const host of same) assert.equal(await fetched(host, open.port), "open", host);
  let due = 0;
  for (const host of [...same, ...others]) {
    const error = await failureOf(fetched(host, secret.port));
    due += 1;
    assert.ok(error instanceof PolicyError, `${host}: ${error.message}`);
    assert.equal(events.length, due, host);
  }
  for (const event of events.slice(0, same.length))
    assert.equal(event.target, `127.0.0.1:${secret.port}`, "one address, one name in the record");
  // The name is granted; that it leads to loopback is not, unless a rule names the address: here one does.
  assert.equal(await fetched("localhost", open.port), "open");
  for (const host of ["[::1]", "0.0.0.0", "127.0.0.2"]) {
    assert.ok((await failureOf(fetched(host, open.port))) instanceof PolicyError, host);
    due += 1;
  }
  assert.equal(secret.hits, 0);
  return due;
});
