import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";

import { type Sandbox, Supervisor, type SupervisorOptions } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { GUEST_SURFACE, type GuestOperation } from "../surface.ts";
import { keepingSink } from "../testing/cells.ts";
import { type Grounds, grounds } from "../testing/granted.ts";
import {
  COMMAND,
  guardRows,
  type Pair,
  PAIRS,
  type PlaceName,
  prepare,
  type Row,
} from "../testing/guard-rows.ts";
import { copied, type Copy, withBrokerOff } from "../testing/taken.ts";

// Every operation of every guard, under both layers: each pair of their verdicts that can occur does, and is held against what came to be
// outside of the cell. What the records say of the kernel where the broker refuses, a cell with the same plan and a broker that allows
// everything then shows.

/** Who runs the operation. */
type Host = "both" | "broker off" | "kernel off" | "no launcher";

let place: Grounds;
let brokerOff: Copy;
let noLauncher: Copy;
const servers: Server[] = [];
const arrivals = new Set<PlaceName>();
const sink = keepingSink();
const closing: { close(): Promise<void> }[] = [];
const cells = new Map<string, Sandbox>();
let rows: Record<GuestOperation, Row>;

beforeAll(async () => {
  place = grounds();
  brokerOff = await withBrokerOff();
  noLauncher = await copied((dist) => {
    writeFileSync(
      join(dist, "kernel/support.js"),
      `export const kernelSupport = () => ({ launcher: null, abi: 0, missing: [{ class: "launcher", why: "the test has none" }] });`,
    );
  });
  const port = await listening("inside", "127.0.0.1", 0);
  await listening("kept", "127.0.0.2", port);
  const other = await listening("outside", "127.0.0.1", 0);
  rows = guardRows({
    place,
    servers: {
      inside: `127.0.0.1:${port}`,
      kept: `127.0.0.2:${port}`,
      outside: `127.0.0.1:${other}`,
    },
    arrived: (at) => arrivals.has(at),
  });
  prepare({ place });
  for (const isRandom of [true, false]) {
    const options: SupervisorOptions = {
      policy: policy(port, isRandom),
      denials: sink,
      pool: 0,
      modules: {
        supplied: "module.exports = () => 1;",
        other: "module.exports = () => 2;",
      },
    };
    await start("both", isRandom, new Supervisor({ ...options, kernel: "require" }));
    await start("kernel off", isRandom, new Supervisor({ ...options, kernel: "off" }));
    await start("no launcher", isRandom, new noLauncher.Supervisor(options));
    const allowing = new brokerOff.Supervisor({ ...options, kernel: "require" });
    await start("broker off", isRandom, allowing);
  }
}, 60_000);
afterAll(async () => {
  await Promise.all(closing.map(async (supervisor) => await supervisor.close()));
  for (const server of servers) server.close();
  brokerOff[Symbol.dispose]();
  noLauncher[Symbol.dispose]();
  rmSync(place.root, { recursive: true, force: true });
});

async function listening(name: PlaceName, address: string, port: number): Promise<number> {
  const server = createServer((socket) => {
    arrivals.add(name);
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  });
  await once(server.listen(port, address), "listening");
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

function policy(port: number, isRandom: boolean): object {
  const allow = (id: string, rule: object): object => ({ id, effect: "allow", ...rule });
  const modules = ["fs", "child_process", "supplied"];
  return {
    version: 1,
    name: "matrix",
    rules: [
      allow("granted", { capability: "filesystem", paths: [`${place.granted}/**`] }),
      {
        id: "kept",
        effect: "deny",
        capability: "filesystem",
        paths: [`${place.granted}/kept/**`],
      },
      allow("net", { capability: "network", hosts: [`127.0.0.1:${port}`] }),
      allow("command", { capability: "subprocess", commands: [COMMAND] }),
      allow("std", { capability: "import", modules }),
      ...(isRandom ? [allow("rng", { capability: "random" })] : []),
    ],
    limits: { wall_ms: 20_000, cpu_ms: 10_000 },
  };
}

async function start(
  host: Host,
  isRandom: boolean,
  supervisor: { spawn(name: string): Promise<Sandbox>; close(): Promise<void> },
): Promise<void> {
  closing.push(supervisor);
  cells.set(`${host} ${isRandom}`, await supervisor.spawn(host));
}

/** Runs an operation, and gives the pair of verdicts that it came to, its evidence, and whether it has come to be. */
async function run(
  row: Row,
  mode: "sync" | "async",
  host: Host,
  at: PlaceName,
): Promise<{ pair: Pair; evidence: string | null; happened: boolean }> {
  prepare({ place });
  sink.events.length = 0;
  arrivals.clear();
  const isRandom = row.targets.inside !== "" || at === "inside";
  const cell = cells.get(`${host} ${isRandom}`);
  const call = row[mode]?.(row.targets[at]) ?? "";
  const value = await cell?.exec(`
    const fs = require("fs"), { execFile, execFileSync } = require("child_process");
    let out; try { out = await (${call}); } catch (error) { out = { failed: error.name + ": " + error.message }; } await 0; out`);
  const got = typeof value === "object" && value !== null && "failed" in value ? undefined : value;
  const happened = row.happened(at, got);
  const [event, ...more] = sink.events;
  expect(more).toEqual([]);
  if (event !== undefined) {
    return {
      pair: `${event.brokerDecision} x ${event.kernelDecision}` as Pair,
      evidence: event.kernelEvidence,
      happened,
    };
  }
  // Allowed by the broker, and not refused by the kernel: what the kernel had to say to it is known by how the cell was started.
  const isGoverned = row.evidence !== undefined;
  const isUnavailable = host === "no launcher" && row.targets.inside !== "";
  const kernel = isUnavailable
    ? "unavailable"
    : host === "kernel off" || !isGoverned
      ? "not_evaluated"
      : "allow";
  expect([host, at, happened, value]).toEqual([host, at, true, value]);
  return { pair: `allow x ${kernel}`, evidence: null, happened };
}

test("every operation that guests have has a row", () => {
  expect(Object.keys(rows).toSorted()).toEqual(Object.keys(GUEST_SURFACE).toSorted());
});

const CASES = Object.entries(GUEST_SURFACE).flatMap(([operation, { modes }]) =>
  modes.map((mode): [GuestOperation, "sync" | "async"] => [operation as GuestOperation, mode]),
);

describe.each(CASES)("%s, %s", (operation, mode) => {
  test("every pair of verdicts that can occur does, and what the records say is so", async () => {
    const row = rows[operation];
    const seen = new Set<Pair>();
    const tried = async (host: Host, at: PlaceName): ReturnType<typeof run> => {
      const outcome = await run(row, mode, host, at);
      seen.add(outcome.pair);
      return outcome;
    };

    const inside = await tried("both", "inside");
    expect(inside.happened).toBe(true);
    const kept = await tried("both", "kept");
    const outside = await tried("both", "outside");
    for (const { pair, happened } of [kept, outside])
      expect([pair.startsWith("deny"), happened]).toEqual([true, false]);

    // The same plan, and a broker that allows everything: what the kernel would have done, it does.
    const keptWithout = await tried("broker off", "kept");
    const outsideWithout = await tried("broker off", "outside");
    const isGoverned = row.evidence !== undefined;
    expect(keptWithout.happened).toBe(true);
    expect([outsideWithout.happened, outsideWithout.evidence]).toEqual(
      isGoverned ? [false, row.evidence] : [true, null],
    );
    for (const [said, came] of [
      [kept, keptWithout],
      [outside, outsideWithout],
    ] as const) {
      const { pair, evidence } = said;
      const isTrue =
        (pair === "deny x allow" && came.happened) ||
        (pair === "deny x deny" && !came.happened && evidence === row.evidence) ||
        pair === "deny x not_evaluated";
      expect([pair, evidence, isTrue]).toEqual([pair, evidence, true]);
    }

    for (const host of ["kernel off", "no launcher"] as const) {
      expect((await tried(host, "inside")).happened).toBe(true);
      expect((await tried(host, "outside")).happened).toBe(false);
    }
    expect([...seen].toSorted()).toEqual(
      PAIRS.filter((pair) => row.cannot[pair] === undefined).toSorted(),
    );
    for (const why of Object.values(row.cannot)) expect(why).toMatch(/^[A-Z].{15,}\.$/);
  });
});
