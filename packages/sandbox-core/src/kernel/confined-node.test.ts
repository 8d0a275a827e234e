import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { parsePolicy } from "@pyisolate/policy";
import { afterAll, beforeAll, expect, test } from "vitest";

import { attest } from "./attest.ts";
import { Confinement } from "./confinement.ts";
import { kernelPlan } from "./plan.ts";

// Node itself, started through the launcher with a plan from a policy: what a cell needs is granted, and nothing else.

/** The errno of Landlock, and the one by which only the filter refuses. */
const [EACCES, REFUSED] = [-13, -129];

const SCRIPT = path.join(import.meta.dirname, "../testing/confined-node.mts");
const ADDON = path.join(
  path.dirname(createRequire(import.meta.url).resolve("isolated-vm/package.json")),
  `prebuilds/linux-${process.arch}/isolated-vm.abi${process.versions.modules}.glibc.node`,
);

let folder: string;
let granted: Server;
let other: Server;
let arrived: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "pyisolate-confined-"));
  for (const name of ["granted", "other"]) writeFileSync(path.join(folder, name), name);
  granted = await listening("granted");
  other = await listening("other");
});
afterAll(() => {
  granted.close();
  other.close();
  rmSync(folder, { recursive: true });
});

async function listening(name: string): Promise<Server> {
  const server = createServer((socket) => {
    arrived.push(name);
    socket.on("error", () => undefined).destroy();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test("Node and isolated-vm run confined, do what the policy grants, and nothing else", async () => {
  const files = { granted: path.join(folder, "granted"), other: path.join(folder, "other") };
  const before = statSync(files.granted).mode;
  const plan = kernelPlan(
    parsePolicy({
      version: 1,
      name: "p",
      rules: [
        {
          id: "f",
          effect: "allow",
          capability: "filesystem",
          operations: ["read"],
          paths: [files.granted],
        },
        {
          id: "n",
          effect: "allow",
          capability: "network",
          hosts: [`127.0.0.1:${portOf(granted)}`],
        },
      ],
    }),
  );
  const confinement = Confinement.prepare("require", {
    code: [SCRIPT],
    addons: [ADDON],
    descriptors: 3,
  });
  const [launcher, ...args] = confinement?.command(plan, [
    SCRIPT,
    ADDON,
    files.granted,
    files.other,
    String(portOf(granted)),
    String(portOf(other)),
  ]) ?? [""];
  arrived = [];
  const child = spawn(launcher, args, {
    env: { OPENSSL_CONF: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(attest(child.pid ?? 0, { parent: process.pid })).toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(JSON.parse(String(said))).toEqual({
    guest: 42,
    granted: "granted",
    byDescriptor: "granted",
    pool: "granted",
    poolDenied: EACCES,
    denied: EACCES,
    etc: EACCES,
    environment: EACCES,
    port: "connected",
    otherPort: EACCES,
    unix: REFUSED,
    listen: REFUSED,
    udp: REFUSED,
    spawn: REFUSED,
    ownNode: REFUSED,
    worker: EACCES,
    kill: REFUSED,
    chmod: REFUSED,
    random: 4,
  });
  expect(statSync(files.granted).mode).toBe(before);
  expect(arrived).toEqual(["granted"]);
});
