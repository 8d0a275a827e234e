import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
const [EPERM, EACCES, REFUSED] = [-1, -13, -129];

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

/** What the script tried under the plan of these rules, and came to. */
async function outcomes(...more: object[]): Promise<Record<string, unknown>> {
  const files = { granted: path.join(folder, "granted"), other: path.join(folder, "other") };
  const rules = [
    { id: "f", capability: "filesystem", operations: ["read"], paths: [files.granted] },
    { id: "n", capability: "network", hosts: [`127.0.0.1:${portOf(granted)}`] },
    ...more,
  ];
  const plan = kernelPlan(
    parsePolicy({
      version: 1,
      name: "p",
      rules: rules.map((rule) => ({ effect: "allow", ...rule })),
    }),
  );
  const confinement = Confinement.prepare("require", {
    code: [SCRIPT],
    addons: [ADDON],
    descriptors: 3,
  });
  const ports = [String(portOf(granted)), String(portOf(other))];
  const [launcher, ...args] = confinement?.command(plan, [
    SCRIPT,
    ADDON,
    files.granted,
    files.other,
    ...ports,
    "/bin/sh",
  ]) ?? [""];
  const child = spawn(launcher, args, {
    env: { OPENSSL_CONF: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(attest(child.pid ?? 0, { parent: process.pid })).toEqual([]);
  mustAllInherit(child.pid ?? 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  return JSON.parse(String(said)) as Record<string, unknown>;
}

/** What {@link attest} reads of the first thread must be so of each, which it does not read. */
function mustAllInherit(pid: number): void {
  const lines = /^(?:NoNewPrivs|Seccomp|Seccomp_filters|Cap...|Uid|Gid|Groups):.*$/gm;
  const shown = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
      return [status.match(lines)?.join("\n")];
    } catch {
      // The thread has ended since it was listed.
      return [];
    }
  });
  expect(shown.length).toBeGreaterThan(5);
  expect(new Set(shown).size).toBe(1);
  expect(shown[0]).toContain("Seccomp:\t2");
  expect(shown[0]).toContain("NoNewPrivs:\t1");
}

/** Of files, ports and the process itself: the same with commands and without. */
const ALWAYS = {
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
  worker: EACCES,
  random: 4,
};

test("Node and isolated-vm run confined, do what the policy grants, and nothing else", async () => {
  const before = statSync(path.join(folder, "granted")).mode;
  arrived = [];
  expect(await outcomes()).toEqual({
    ...ALWAYS,
    spawn: REFUSED,
    later: REFUSED,
    killed: REFUSED,
    otherCommand: REFUSED,
    ownNode: REFUSED,
    kill: REFUSED,
    chmod: REFUSED,
  });
  expect(statSync(path.join(folder, "granted")).mode).toBe(before);
  expect(arrived).toEqual(["granted"]);
});

test("a granted command runs with what it loads and can be ended; another one, and the host, are out of reach", async () => {
  expect(await outcomes({ id: "c", capability: "subprocess", commands: ["/bin/sh"] })).toEqual({
    ...ALWAYS,
    spawn: "hello\n",
    later: "hello\n",
    killed: "exit",
    otherCommand: EACCES,
    // The cell is Node: what it needs to start, it can start again, as confined as it is.
    ownNode: `${process.version}\n`,
    kill: EPERM,
    // Commands set modes, and no filter tells one file from another: the plan says so.
    chmod: undefined,
  });
});
