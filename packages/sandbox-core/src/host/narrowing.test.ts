import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { Frame } from "../frames.ts";
import { keepingSink, policyOf, rejectionOf, until } from "../testing/cells.ts";
import { type Grounds, grounds } from "../testing/granted.ts";
import { type Copy, copied, taken, withBrokerOff } from "../testing/taken.ts";

const EACCES = -13;

let place: Grounds;
let kept: Server;
let lost: Server;
let library: string;
const warnings: Error[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning);

beforeAll(async () => {
  place = grounds();
  [kept, lost] = [await listening(), await listening()];
  library = join(place.root, "every-thread.so");
  const source = join(import.meta.dirname, "../testing/every-thread.c");
  execFileSync(process.env["CC"] ?? "cc", ["-shared", "-fPIC", "-O1", "-w", "-o", library, source]);
  process.on("warning", onWarning);
});
beforeEach(() => {
  warnings.length = 0;
  for (const folder of [place.granted, place.outside])
    writeFileSync(join(folder, "file"), "content");
});
afterEach(() => expect(warnings.map(({ message }) => message)).toEqual([]));
afterAll(() => {
  process.off("warning", onWarning);
  kept.close();
  lost.close();
  place[Symbol.dispose]();
});

async function listening(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as { port: number }).port;

const files = (...paths: string[]): object => ({
  id: "files",
  effect: "allow",
  capability: "filesystem",
  operations: ["read", "list", "write"],
  paths: paths.map((path) => `${path}/**`),
});
const ports = (...servers: Server[]): object => ({
  id: "ports",
  effect: "allow",
  capability: "network",
  operations: ["connect"],
  hosts: servers.map((server) => `127.0.0.1:${portOf(server)}`),
});
const commands = (...paths: string[]): object => ({
  id: "commands",
  effect: "allow",
  capability: "subprocess",
  operations: ["exec"],
  commands: paths,
});

const WIDE = (): object[] => [
  files(place.granted, place.outside),
  ports(kept, lost),
  commands("/bin/echo", "/bin/true"),
];
const NARROW = (): object[] => [files(place.granted), ports(kept), commands("/bin/echo")];

const read = (folder: string): string =>
  `require("fs").readFileSync(${JSON.stringify(join(folder, "file"))}, "utf8")`;
const get = (server: Server): string =>
  `fetch("http://127.0.0.1:${portOf(server)}/").then((response) => response.text())`;
const run = (command: string): string =>
  `require("child_process").execFileSync("${command}", [], { encoding: "utf8" })`;

function namesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/comm`, "latin1").trim(),
  );
}

test("native code in every thread loses the files, ports and programs that a reload takes away", async () => {
  using copy = await copied((dist) => {
    const main = join(dist, "bundle/main.cjs");
    writeFileSync(
      main,
      `// The pool of libuv, which decompresses.
      for (let at = 0; at < 8; at++) require("node:zlib").gzip("x", () => {});
      setInterval(() => {
        const fs = require("node:fs"), folder = ${JSON.stringify(place.granted)};
        for (const name of ["before", "after", "kept"]) {
          const go = folder + "/" + name + ".go";
          if (!fs.existsSync(go)) continue;
          Object.assign(process.env, JSON.parse(fs.readFileSync(go, "utf8")));
          fs.unlinkSync(go);
          try { process.dlopen({ exports: {} }, folder + "/" + name + ".so"); } catch {}
        }
      }, 10);\n${readFileSync(main, "utf8")}`,
    );
  });
  const supervisor = new copy.Supervisor({
    policy: policyOf([...WIDE(), removes()]),
    token: "t",
    pool: 0,
    kernel: "require",
  });
  const cell = await supervisor.spawn("native");
  // From a thread of its own.
  await cell.exec(run("/bin/echo"));

  const tried = async (name: string, folder: string, server: Server, command: string) => {
    const said = join(place.granted, `${name}.said`);
    copyFileSync(library, join(place.granted, `${name}.so`));
    const threads = readdirSync(`/proc/${cell.pid}/task`);
    const orders = {
      THREADS: threads.join(" "),
      SAID: said,
      FILE_TO_OPEN: join(folder, "file"),
      PORT: String(portOf(server)),
      COMMAND: command,
    };
    writeFileSync(join(place.granted, `${name}.new`), JSON.stringify(orders));
    renameSync(join(place.granted, `${name}.new`), join(place.granted, `${name}.go`));
    await until(
      "every thread has tried",
      () => existsSync(said) && readFileSync(said, "utf8").endsWith("end\n"),
    );
    const lines = readFileSync(said, "utf8").trim().split("\n").slice(0, -1);
    const outcomes = lines.map((line) => line.split(" ").map(Number));
    expect(new Set(outcomes.map(([thread]) => thread))).toEqual(new Set(threads.map(Number)));
    return [...new Set(outcomes.map(([, ...all]) => all.join()))];
  };

  expect(await tried("before", place.outside, lost, "/bin/true")).toEqual(["0,0,0"]);
  await supervisor.reloadPolicy(policyOf([...NARROW(), removes()]), "t");
  expect(cell.stale).toBe(false);
  expect(namesOf(cell.pid)).toEqual(
    expect.arrayContaining([
      "MainThread",
      "DelayedTaskSche",
      "V8Worker",
      "libuv-worker",
      "WorkerThread",
    ]),
  );
  expect(await tried("after", place.outside, lost, "/bin/true")).toEqual([
    [EACCES, EACCES, EACCES].join(),
  ]);
  expect(await tried("kept", place.granted, kept, "/bin/echo")).toEqual(["0,0,0"]);
  await supervisor.close();
}, 90_000);

/** The test's own scaffold removes files in the cell. */
function removes(): object {
  return {
    id: "removes",
    effect: "allow",
    capability: "filesystem",
    operations: ["remove"],
    paths: [`${place.granted}/**`],
  };
}

test("what a reload takes away is refused by both layers, with evidence, and what it leaves works", async () => {
  const denials = keepingSink();
  await using supervisor = new Supervisor({
    policy: policyOf(WIDE()),
    token: "t",
    pool: 0,
    kernel: "require",
    denials,
  });
  const cell = await supervisor.spawn("live");
  const all = [read(place.outside), get(lost), run("/bin/true")];
  for (const source of all) await cell.exec(source);
  await supervisor.reloadPolicy(policyOf(NARROW()), "t");
  expect(cell.stale).toBe(false);
  for (const source of all)
    expect(await rejectionOf(cell.exec(source))).toMatchObject({ name: "PolicyError" });
  const evidence = denials.events.map(
    ({ capability, brokerDecision, kernelDecision, kernelEvidence }) =>
      [capability, brokerDecision, kernelDecision, kernelEvidence].join(" "),
  );
  expect(evidence).toEqual([
    "filesystem deny deny differential+ruleset",
    "network deny deny ruleset+errno",
    "subprocess deny deny differential+ruleset",
  ]);
  expect(await cell.exec(read(place.granted))).toBe("content");
  expect(await cell.exec(get(kept))).toBe("ok");
  expect(await cell.exec(run("/bin/echo"))).toBe("\n");
  expect(denials.events).toHaveLength(3);
});

test("with the broker off, the kernel refuses what a reload has taken away", async () => {
  using copy = await withBrokerOff();
  const denials = keepingSink();
  const supervisor = new copy.Supervisor({
    policy: policyOf(WIDE()),
    token: "t",
    pool: 0,
    kernel: "require",
    denials,
  });
  const cell = await supervisor.spawn("off");
  const all = [read(place.outside), get(lost), run("/bin/true")];
  for (const source of all) await cell.exec(source);
  expect(denials.events).toEqual([]);
  await supervisor.reloadPolicy(policyOf(NARROW()), "t");
  for (const source of all)
    expect(await rejectionOf(cell.exec(source))).toMatchObject({ name: "PolicyError" });
  expect(
    denials.events.map(({ brokerDecision, kernelDecision, kernelEvidence, reason }) =>
      [brokerDecision, kernelDecision, kernelEvidence, reason].join(" "),
    ),
  ).toEqual([
    "allow deny differential+ruleset kernel",
    "allow deny ruleset+errno kernel",
    "allow deny differential+ruleset kernel",
  ]);
  await supervisor.close();
}, 90_000);

describe("a cell is stale", () => {
  test("where its policy grants more by now; what the policy grants less is taken away all the same", async () => {
    await using supervisor = new Supervisor({
      policy: policyOf([files(place.granted), ports(kept, lost)]),
      token: "t",
      pool: 0,
      kernel: "require",
    });
    const cell = await supervisor.spawn("both");
    await supervisor.reloadPolicy(
      policyOf([files(place.granted, place.outside), ports(kept)]),
      "t",
    );
    expect(cell.stale).toBe(true);
    expect(await rejectionOf(cell.exec(read(place.outside)))).toMatchObject({
      denialEvent: { reason: "stale", brokerDecision: "allow", kernelDecision: "deny" },
    });
    expect(await rejectionOf(cell.exec(get(lost)))).toMatchObject({
      denialEvent: { brokerDecision: "deny", kernelDecision: "deny" },
    });
    expect(await cell.exec(get(kept))).toBe("ok");
    // The kernel gives nothing back: what was taken away stays so.
    await supervisor.reloadPolicy(policyOf([files(place.granted), ports(kept, lost)]), "t");
    expect(cell.stale).toBe(true);
    expect(await rejectionOf(cell.exec(get(lost)))).toMatchObject({
      denialEvent: { reason: "stale", brokerDecision: "allow", kernelDecision: "deny" },
    });
  });

  test("where it can make sockets or processes and a new cell could not, though none of them is of use to it", async () => {
    await using supervisor = new Supervisor({
      policy: policyOf(WIDE()),
      token: "t",
      pool: 0,
      kernel: "require",
    });
    const cell = await supervisor.spawn("filter");
    await supervisor.reloadPolicy(policyOf([files(place.granted)]), "t");
    expect(cell.stale).toBe(true);
    for (const [source, evidence] of [
      [get(kept), "ruleset+errno"],
      [run("/bin/echo"), "differential+ruleset"],
    ])
      expect(await rejectionOf(cell.exec(source ?? ""))).toMatchObject({
        denialEvent: { brokerDecision: "deny", kernelDecision: "deny", kernelEvidence: evidence },
      });
  });

  test("at the most layers that Landlock takes; the operator is told once, and the broker goes on", async () => {
    const folders = Array.from({ length: 21 }, (_, at) => join(place.granted, `tree-${at}`));
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "file"), "content");
    }
    const policy = (from: number) => policyOf([files(...folders.slice(from))]);
    await using supervisor = new Supervisor({
      policy: policy(0),
      token: "t",
      pool: 0,
      kernel: "require",
    });
    const cell = await supervisor.spawn("many");
    const stale: boolean[] = [];
    for (let round = 1; round <= 20; round++) {
      // A cell asks its kernel only so often.
      await pause(50);
      await supervisor.reloadPolicy(policy(round), "t");
      // No layer is spent on the same plan.
      await supervisor.reloadPolicy(policy(round), "t");
      stale.push(cell.stale);
      expect(await rejectionOf(cell.exec(read(folders[round - 1] ?? "")))).toMatchObject({
        denialEvent: { brokerDecision: "deny", kernelDecision: round <= 15 ? "deny" : "allow" },
      });
      expect(await cell.exec(read(folders[20] ?? ""))).toBe("content");
    }
    expect(stale).toEqual([...Array<boolean>(15).fill(false), ...Array<boolean>(5).fill(true)]);
    expect(warnings.splice(0).map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The kernel still grants the cell many \(process \d+\) what its policy has taken away: .*as many Landlock layers/,
      ) as string,
    ]);
  });
});

test("reloads at once are one layer for each that the cell has time for, and the last one holds", async () => {
  const folders = Array.from({ length: 60 }, (_, at) => join(place.granted, `flood-${at}`));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  const policy = (from: number) => policyOf([files(...folders.slice(from), place.outside)]);
  await using supervisor = new Supervisor({
    policy: policy(0),
    token: "t",
    pool: 0,
    kernel: "require",
  });
  const cell = await supervisor.spawn("flooded");
  await Promise.all(folders.map(async (_, at) => await supervisor.reloadPolicy(policy(at), "t")));
  await until("the last one holds", () => !cell.stale);
  expect(await cell.exec(read(place.outside))).toBe("content");
});

test("a cell under load goes on while it becomes narrower", async () => {
  const folders = Array.from({ length: 10 }, (_, at) => join(place.granted, `load-${at}`));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  const policy = (from: number) =>
    policyOf([files(...folders.slice(from), place.outside), commands("/bin/echo")]);
  await using supervisor = new Supervisor({
    policy: policy(0),
    token: "t",
    pool: 0,
    kernel: "require",
  });
  const cell = await supervisor.spawn("loaded");
  const file = JSON.stringify(join(place.outside, "file"));
  const load = { isOver: false };
  const calls = Array.from({ length: 4 }, async (_, lane) => {
    let made = 0;
    for (; !load.isOver; made++)
      expect(
        await cell.exec(
          lane === 0
            ? run("/bin/echo")
            : `const fs = require("fs"); Promise.all([1, 2, 3, 4].map(() => fs.promises.readFile(${file}, "utf8"))).then((all) => all.join() + fs.readFileSync(${file}, "utf8"))`,
        ),
      ).toBe(lane === 0 ? "\n" : "content,content,content,contentcontent");
    return made;
  });
  for (let round = 1; round <= 9; round++) {
    await supervisor.reloadPolicy(policy(round), "t");
    await until("it holds", () => !cell.stale);
  }
  load.isOver = true;
  const made = await Promise.all(calls);
  expect(Math.min(...made)).toBeGreaterThan(0);
  expect(cell.denialEvents()).toEqual([]);
});

test("a guest that computes keeps the reload waiting for a second at most, and is narrowed after it", async () => {
  await using supervisor = new Supervisor({
    policy: policyOf(WIDE()),
    token: "t",
    pool: 0,
    kernel: "require",
  });
  const cell = await supervisor.spawn("busy");
  const busy = cell.exec("const end = Date.now() + 2000; while (Date.now() < end); 1");
  await pause(100);
  const started = performance.now();
  await supervisor.reloadPolicy(policyOf(NARROW()), "t");
  expect(performance.now() - started).toBeLessThan(1900);
  expect(cell.stale).toBe(true);
  expect(await busy).toBe(1);
  await until("it is narrowed", () => !cell.stale);
});

test("a cell without commands that is cut off while it becomes narrower ends at once, and its record says so", async () => {
  using copy = await copied((dist) => {
    const main = join(dist, "bundle/main.cjs");
    const source = readFileSync(main, "utf8");
    const cut = source.replace(
      /function narrowed\([^)]*\) \{/,
      "$&\nthrow new RangeError('Maximum call stack size exceeded');",
    );
    expect(cut).not.toBe(source);
    writeFileSync(main, cut);
  });
  const policy = (...folders: string[]): object => policyOf([files(...folders)]);
  const supervisor = new copy.Supervisor({
    policy: policy(place.granted, place.outside),
    token: "t",
    pool: 0,
    kernel: "require",
  });
  const cell = await supervisor.spawn("cut");
  await supervisor.reloadPolicy(policy(place.granted), "t");
  await until("it has ended", () => cell.closed, 5000);
  expect(cell.denialEvents()).toMatchObject([
    { capability: "limit", operation: "crash", target: "out of step with the broker" },
  ]);
  await supervisor.close();
}, 90_000);

describe("a taken cell", () => {
  // What it does is in a file, since a copy of the package takes long to make.
  const how = (): string => join(place.granted, "how.js");
  let copy: Copy;
  beforeAll(async () => {
    copy = await taken(`
      const onNarrow = (act) => new (require("node:net").Socket)({ fd: 4 }).on("data", (data) => {
        for (; data.length > 0; data = data.subarray(9 + data.readUInt32LE(0)))
          if (data[4] === ${Frame.narrow}) act(data.readUInt32LE(5));
      });
      const answer = (id, ...body) => {
        const head = Buffer.alloc(9);
        head.writeUInt32LE(body.length, 0), head.writeUInt8(${Frame.narrowed}, 4), head.writeUInt32LE(id, 5);
        writeSync(4, Buffer.concat([head, Buffer.from(body)]));
      };
      ready();
      eval(require("node:fs").readFileSync(${JSON.stringify(how())}, "utf8"));`);
  }, 90_000);
  afterAll(() => copy[Symbol.dispose]());

  /** Starts one that does this, takes something from its policy, and gives the cell and the operator's warnings. */
  async function reloaded(program: string, check: (cell: Sandbox) => Promise<void> | void) {
    writeFileSync(how(), program);
    const supervisor = new copy.Supervisor({
      policy: policyOf(WIDE()),
      token: "t",
      pool: 0,
      kernel: "require",
    });
    const cell = await supervisor.spawn("taken");
    const started = performance.now();
    await supervisor.reloadPolicy(policyOf(NARROW()), "t");
    expect(performance.now() - started).toBeLessThan(3000);
    await check(cell);
    await supervisor.close();
    return warnings.splice(0).map(({ message }) => message);
  }

  test("that does not answer stays stale, and no reload waits for it long", async () => {
    const told = await reloaded("setInterval(() => {}, 1000);", (cell) =>
      expect([cell.stale, cell.closed]).toEqual([true, false]),
    );
    expect(told).toEqual([]);
  });

  test("that says that it cannot stays stale, and the operator is told", async () => {
    const told = await reloaded("onNarrow((id) => answer(id, 5, 0, 0, 0));", (cell) =>
      expect([cell.stale, cell.closed]).toEqual([true, false]),
    );
    expect(told).toEqual([
      expect.stringMatching(/what its policy has taken away: errno 5\./) as string,
    ]);
  });

  test("that has a new thread whenever it is asked is not asked for ever, and stays stale", async () => {
    const told = await reloaded(
      `onNarrow((id) => new (require("node:worker_threads").Worker)("setInterval(() => {}, 1000)", { eval: true }).on("online", () => answer(id, 0, 0, 0, 0)));`,
      async (cell) => {
        await until("the host has had enough", () => warnings.length > 0);
        expect([cell.stale, cell.closed]).toEqual([true, false]);
      },
    );
    expect(told).toEqual([expect.stringMatching(/it starts threads all the time/) as string]);
  });

  test.each([
    ["another number", "onNarrow((id) => answer(id + 1, 0, 0, 0, 0));"],
    ["no number", "onNarrow((id) => answer(id, 0));"],
    ["more than a number", "onNarrow((id) => answer(id, 0, 0, 0, 0, 0));"],
    ["two answers", "onNarrow((id) => { answer(id, 5, 0, 0, 0); answer(id, 5, 0, 0, 0); });"],
    ["an answer to nothing", "answer(1, 0, 0, 0, 0);"],
  ])("that sends %s is ended", async (_, program) => {
    await reloaded(program, async (cell) => {
      await until("it is ended", () => cell.closed);
      expect(cell.denialEvents()).toMatchObject([{ capability: "limit", operation: "crash" }]);
    });
  });
});

test("cells that are not confined are as they were", async () => {
  await using supervisor = new Supervisor({
    policy: policyOf(WIDE()),
    token: "t",
    pool: 0,
    kernel: "off",
  });
  const cell = await supervisor.spawn("off");
  await supervisor.reloadPolicy(policyOf(NARROW()), "t");
  expect(cell.stale).toBe(false);
  expect(await cell.exec(read(place.granted))).toBe("content");
  expect(await rejectionOf(cell.exec(read(place.outside)))).toMatchObject({
    denialEvent: { brokerDecision: "deny", kernelDecision: "not_evaluated" },
  });
});
