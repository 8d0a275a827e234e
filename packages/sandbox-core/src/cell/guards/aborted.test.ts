import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { policyOf, until } from "../../testing/cells.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";
import { processesRunning } from "../../testing/processes.ts";

// What a guest's signal ends: the connection to a real server, and the process of a command.

let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(() => {
  supervisor = new Supervisor({
    ...kernelMode,
    policy: policyOf([
      { id: "net", effect: "allow", capability: "network", hosts: ["127.0.0.1:*"] },
      {
        id: "cmd",
        effect: "allow",
        capability: "subprocess",
        operations: ["exec"],
        commands: ["/bin/sleep"],
      },
    ]),
  });
});

beforeEach(async () => {
  cell = await supervisor.spawn("aborter");
});

afterAll(async () => {
  await supervisor.close();
});

/** A server that answers with these bytes and keeps the connection open until its other end closes it. */
async function holding(
  answer: string,
): Promise<AsyncDisposable & { port: number; opened: number; closed: number }> {
  const sockets = new Set<Socket>();
  const seen = { port: 0, opened: 0, closed: 0 };
  const server = createServer((socket) => {
    seen.opened += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      seen.closed += 1;
      sockets.delete(socket);
    });
    socket.once("data", () => socket.write(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  seen.port = (server.address() as AddressInfo).port;
  return Object.assign(seen, {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

describe.each([
  ["before the head", ""],
  ["in the middle of the body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"],
])("an aborted fetch closes its connection: %s", (_when, answer) => {
  test.each([
    [
      "AbortController",
      "const c = new AbortController(); go = () => c.abort();",
      "c.signal",
      "AbortError",
    ],
    [
      "AbortController with a reason",
      "const c = new AbortController(); go = () => c.abort(new RangeError('mine'));",
      "c.signal",
      "RangeError",
    ],
    ["AbortSignal.timeout", "", "AbortSignal.timeout(3000)", "TimeoutError"],
    [
      "AbortSignal.any",
      "const c = new AbortController(); go = () => c.abort();",
      "AbortSignal.any([c.signal, AbortSignal.timeout(60000)])",
      "AbortError",
    ],
  ])("%s", async (_by, setup, signal, name) => {
    await using server = await holding(answer);
    const ending = cell.exec(
      `(() => { globalThis.go = () => {}; ${setup} return fetch("http://127.0.0.1:${server.port}/", { signal: ${signal} }).then(() => "answered", (error) => error.name); })()`,
    );
    await until("the server has the connection", () => server.opened === 1);
    await cell.call("go");
    expect(await ending).toBe(name);
    await until("the connection is closed", () => server.closed === 1, 3000);
    expect(cell.stats.denials).toBe(0);
    expect(await cell.exec("1 + 1")).toBe(2);
  });
});

test("of many fetches the one whose signal is aborted ends", async () => {
  await using server = await holding("");
  await cell.exec(
    `globalThis.all = [1, 2, 3].map(() => new AbortController()); globalThis.ended = [];
     all.forEach(({ signal }, i) => fetch("http://127.0.0.1:${server.port}/" + i, { signal }).catch(() => ended.push(i))); 0`,
  );
  await until("three connections", () => server.opened === 3);
  await cell.exec("all[1].abort()");
  await until("one is closed", () => server.closed === 1, 3000);
  await cell.exec("new Promise((go) => setTimeout(go, 50))");
  expect(server.closed).toBe(1);
  expect(await cell.exec("ended")).toEqual([1]);
});

test("a fetch whose signal is aborted already asks for nothing", async () => {
  await using server = await holding("");
  expect(
    await cell.exec(
      `fetch("http://127.0.0.1:${server.port}/", { signal: AbortSignal.abort() }).catch((error) => error.name)`,
    ),
  ).toBe("AbortError");
  expect(
    await cell.exec(
      `fetch("http://refused.test/", { signal: AbortSignal.abort() }).catch((error) => error.name)`,
    ),
  ).toBe("AbortError");
  expect([server.opened, cell.stats.denials]).toEqual([0, 0]);
});

test.each(["callback", "promise"])("an aborted command is killed: %s", async (form) => {
  const tag = `${300_000 + process.pid}.${form.length}`;
  const made =
    form === "callback"
      ? `new Promise((go) => execFile("/bin/sleep", ["${tag}"], { signal: c.signal }, go))`
      : `execFile("/bin/sleep", ["${tag}"], { signal: c.signal }).catch((error) => error)`;
  const ending = cell.exec(
    `(() => { const { execFile } = require("child_process"); const c = new AbortController(); globalThis.go = () => c.abort("enough"); return ${made}.then(({ name, code, cause, message }) => [name, code, cause, message]); })()`,
  );
  await until("the command runs", () => processesRunning(tag).length > 0);
  await cell.call("go");
  expect(await ending).toEqual(["AbortError", "ABORT_ERR", "enough", "The operation was aborted"]);
  await until("the command is gone", () => processesRunning(tag).length === 0, 3000);
});
