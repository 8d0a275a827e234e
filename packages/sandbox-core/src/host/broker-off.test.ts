import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";

import type { Sandbox } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { keepingSink, policyOf } from "../testing/cells.ts";
import { empty, type Grounds, grounds } from "../testing/granted.ts";
import { type Copy, withBrokerOff } from "../testing/taken.ts";

// The broker is turned off, in a copy of the built package: it allows whatever it is asked. The kernel plan of the policy stands.

let place: Grounds;
let copy: Copy;
let server: Server;
let other: Server;
let arrived = 0;
const sink = keepingSink();
let supervisor: InstanceType<Copy["Supervisor"]>;
let bare: InstanceType<Copy["Supervisor"]>;
let cell: Sandbox;
let without: Sandbox;

beforeAll(async () => {
  place = grounds();
  copy = await withBrokerOff();
  server = await listening();
  other = await listening();
  const rules = [
    place.rule,
    { id: "n", effect: "allow", capability: "network", hosts: [`127.0.0.1:${portOf(server)}`] },
    { id: "c", effect: "allow", capability: "subprocess", commands: ["/bin/echo"] },
  ];
  const options = { denials: sink, kernel: "require", pool: 0 } as const;
  supervisor = new copy.Supervisor({ ...options, policy: policyOf(rules) });
  bare = new copy.Supervisor({ ...options, policy: policyOf([place.rule]) });
  cell = await supervisor.spawn("broker-off");
  without = await bare.spawn("without");
});
afterAll(async () => {
  await supervisor.close();
  await bare.close();
  server.close();
  other.close();
  copy[Symbol.dispose]();
  place[Symbol.dispose]();
});
beforeEach(() => {
  for (const folder of [place.granted, place.outside]) {
    empty(folder);
    writeFileSync(join(folder, "file"), "content");
  }
  sink.events.length = 0;
  arrived = 0;
});

async function listening(): Promise<Server> {
  const made = createServer((socket) => {
    arrived += 1;
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    socket.on("error", () => undefined);
  });
  await once(made.listen(0, "127.0.0.1"), "listening");
  return made;
}

const portOf = (of: Server): number => (of.address() as AddressInfo).port;

/** What came of an expression in the cell: its value, or the name, reason and code of what it threw. */
async function outcome(of: Sandbox, expression: string): Promise<unknown> {
  return await of.exec(`const fs = require("fs"), { execFile, execFileSync } = require("child_process");
    let out; try { out = { value: await (${expression}) }; } catch ({ name, reason, code }) { out = { name, reason, code }; } await 0; out`);
}

const REFUSED = { name: "PolicyError", reason: "kernel", code: undefined };

/** One event, with both halves and the evidence. */
function expectEvent(fields: object): void {
  expect(sink.events.map((event) => event.toJSON())).toMatchObject([
    {
      policy_rule: "off",
      broker_decision: "allow",
      kernel_decision: "deny",
      reason: "kernel",
      ...fields,
    },
  ]);
}

describe.each(["sync", "promises"])("%s", (how) => {
  const call = (name: string, args: string): string =>
    how === "sync" ? `fs.${name}Sync(${args})` : `fs.promises.${name}(${args})`;

  test.each([
    ["readFile", "file", "", "read", "differential+ruleset"],
    ["readdir", "", "", "list", "differential+ruleset"],
    ["writeFile", "file", `, "x"`, "write", "differential+ruleset"],
    ["appendFile", "file", `, "x"`, "write", "differential+ruleset"],
    ["writeFile", "made", `, "x"`, "write", "ruleset+errno"],
    ["mkdir", "made", "", "write", "ruleset+errno"],
    ["rm", "file", "", "remove", "ruleset+errno"],
  ])(
    "the kernel refuses %s of %j outside of the plan",
    async (name, file, more, operation, evidence) => {
      const target = file === "" ? place.outside : join(place.outside, file);
      expect(await outcome(cell, call(name, JSON.stringify(target) + more))).toEqual(REFUSED);
      expectEvent({ capability: "filesystem", operation, kernel_evidence: evidence });
      expect(sink.events[0]?.target).toBe(target);
      expect(readFileSync(join(place.outside, "file"), "utf8")).toBe("content");
      expect(existsSync(join(place.outside, "made"))).toBe(false);
    },
  );

  test("what the plan grants works, a missing file is not a denial, and the kernel does not govern stat", async () => {
    const granted = (name: string): string => JSON.stringify(join(place.granted, name));
    expect(await outcome(cell, call("readFile", `${granted("file")}, "utf8"`))).toEqual({
      value: "content",
    });
    expect(await outcome(cell, call("writeFile", `${granted("made")}, "x"`))).toEqual({});
    expect(await outcome(cell, call("rm", granted("made")))).toEqual({});
    const none = JSON.stringify(join(place.outside, "none"));
    expect(await outcome(cell, call("readFile", none))).toMatchObject({ code: "ENOENT" });
    expect(
      await outcome(cell, `${call("stat", JSON.stringify(place.outside))}.constructor.name`),
    ).toBeDefined();
    expect(sink.events).toEqual([]);
  });

  const exec = (file: string, args = "[]"): string =>
    how === "sync"
      ? `execFileSync("${file}", ${args}, { encoding: "utf8" })`
      : `execFile("${file}", ${args}).then((done) => done.stdout)`;

  test("the kernel refuses a command that is not granted, and any process where none is", async () => {
    expect(await outcome(cell, exec("/bin/echo", `["hello"]`))).toEqual({ value: "hello\n" });
    expect(sink.events).toEqual([]);
    expect(await outcome(cell, exec("/bin/true"))).toEqual(REFUSED);
    const fields = { capability: "subprocess", operation: "exec", target: "/bin/true" };
    expectEvent({ ...fields, kernel_evidence: "differential+ruleset" });
    sink.events.length = 0;
    expect(await outcome(without, exec("/bin/true"))).toEqual(REFUSED);
    expectEvent({ ...fields, kernel_evidence: "seccomp-errno" });
  });
});

test("the kernel refuses a connection to another port, and a socket where no port is granted", async () => {
  const get = (of: Server): string =>
    `fetch("http://127.0.0.1:${portOf(of)}/").then((response) => response.text())`;
  expect(await outcome(cell, get(server))).toEqual({ value: "ok" });
  expect(arrived).toBe(1);
  expect(sink.events).toEqual([]);
  const target = `127.0.0.1:${portOf(other)}`;
  expect(await outcome(cell, get(other))).toEqual(REFUSED);
  expectEvent({
    capability: "network",
    operation: "connect",
    target,
    kernel_evidence: "ruleset+errno",
  });
  sink.events.length = 0;
  expect(await outcome(without, get(other))).toEqual(REFUSED);
  expectEvent({
    capability: "network",
    operation: "connect",
    target,
    kernel_evidence: "seccomp-errno",
  });
  expect(arrived).toBe(1);
});
