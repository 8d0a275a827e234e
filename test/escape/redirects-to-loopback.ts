import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";
import { Web } from "./arena/web.ts";

await using secret = await Web.start((_request, response) => response.end("secret"));
await using open = await Web.start((request, response) => {
  const to = new URL(request.url ?? "/", "http://x").searchParams.get("to");
  if (to === null) response.end("open");
  else
    response.writeHead(Number(request.headers["x-status"] ?? 302), { location: to }).end("moved");
});

const rules = [
  {
    id: "open",
    effect: "allow",
    capability: "network",
    operations: ["connect"],
    hosts: [`127.0.0.1:${open.port}`],
  },
];
const get = (to: string, options = "{}"): string =>
  `fetch("http://127.0.0.1:${open.port}/?to=" + encodeURIComponent(${JSON.stringify(to)}), ${options}).then((r) => r.text())`;

await arena({ rules }, async ({ spawn }) => {
  const cell = await spawn();
  assert.equal(
    await cell.exec(`fetch("http://127.0.0.1:${open.port}/").then((r) => r.text())`),
    "open",
  );
  // Where the policy grants the next place too, a redirect is followed.
  assert.equal(await cell.exec(get(`http://127.0.0.1:${open.port}/`)), "open");
  let due = 0;
  for (const to of [
    `http://127.0.0.1:${secret.port}/`,
    `//127.0.0.1:${secret.port}/`,
    `http://localhost:${secret.port}/`,
    `http://2130706433:${secret.port}/`,
    `http://[::ffff:127.0.0.1]:${secret.port}/`,
    `http://127.1:${secret.port}/`,
    `http://0x7f000001:${secret.port}/`,
    `http://0.0.0.0:${secret.port}/`,
    `http://127.0.0.1:${open.port}/?to=${encodeURIComponent(`http://127.0.0.1:${secret.port}/`)}`,
    `https://127.0.0.1:${secret.port}/`,
  ]) {
    for (const status of [301, 302, 303, 307, 308]) {
      const error = await failureOf(
        cell.exec(get(to, `{ method: "POST", body: "x", headers: { "x-status": "${status}" } }`)),
      );
      due += 1;
      assert.ok(error instanceof PolicyError, `${to}: ${error.message}`);
      assert.match(error.denialEvent.target, new RegExp(`:${secret.port}$`), to);
    }
  }
  // What no policy could grant is refused as malformed, wherever it came from.
  for (const to of [
    "file:///etc/shadow",
    "data:text/plain,x",
    "javascript:1",
    "http://",
    "http://u:p@127.0.0.1/",
  ]) {
    const error = await failureOf(cell.exec(get(to)));
    due += 1;
    assert.ok(
      error instanceof PolicyError && error.denialEvent.reason === "malformed",
      `${to}: ${error.message}`,
    );
  }
  // A redirect to itself ends; one that the guest asked not to be followed is shown, and goes nowhere.
  const round = await failureOf(
    cell.exec(`fetch("http://127.0.0.1:${open.port}/?to=%3Fto%3D").then(() => ${get("?to=?to=")})`),
  );
  assert.ok(round instanceof GuestError, round.message);
  const manual = `fetch("http://127.0.0.1:${open.port}/?to=http://127.0.0.1:${secret.port}/", { redirect: "manual" }).then((r) => r.status)`;
  assert.equal(await cell.exec(manual), 302);
  assert.equal(secret.hits, 0, "no request came to the other server");
  return due;
});
