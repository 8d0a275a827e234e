import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";
import { Web } from "./arena/web.ts";

const chunk = Buffer.alloc(1 << 20, 120);
// Another party's hostility: bodies and headers without end, a dribble, silence, a lie about the length.
await using web = await Web.start((request, response) => {
  const flood = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once("drain", flood);
  };
  switch (request.url) {
    case "/endless":
      flood();
      break;
    case "/headers":
      request.socket.write(`HTTP/1.1 200 OK\r\n${"x-a: b\r\n".repeat(100_000)}\r\n`);
      break;
    case "/dribble":
      setInterval(() => response.write("x"), 50).unref();
      break;
    case "/silence":
      break;
    case "/short":
      response
        .writeHead(200, { "content-length": "1000" })
        .write("x", () => request.socket.destroy());
      break;
    case "/garbage":
      request.socket.end("\0\0\0 not http at all \r\n\r\n");
      break;
    default:
      response.end("fine");
  }
});

const rules = [
  {
    id: "web",
    effect: "allow",
    capability: "network",
    operations: ["connect"],
    hosts: [`127.0.0.1:${web.port}`],
  },
];
await arena({ rules, limits: { wall_ms: 1500 } }, async ({ spawn, events }) => {
  const get = (path: string): string =>
    `fetch("http://127.0.0.1:${web.port}${path}").then((r) => r.text()).then((t) => t.length)`;
  let due = 0;
  for (const path of ["/endless", "/headers", "/dribble", "/silence", "/short", "/garbage"]) {
    const cell = await spawn();
    assert.equal(await cell.exec(get("/")), 4);
    const error = await failureOf(cell.exec(get(path)));
    // The operation's own failure, or the wall; nothing that was granted is a refusal by the policy.
    if (error instanceof PolicyError) due += 1;
    assert.ok(
      error instanceof GuestError ||
        (error instanceof PolicyError && error.denialEvent.policyRule === "limit.wall"),
      `${path}: ${error.message}`,
    );
    assert.equal(events.length, due, path);
    await cell.close();
  }
  return due;
});
