import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import type { DenialEvent, DenialSink } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { ATTRIBUTES, createDenialRecorder } from "@pyisolate/telemetry";
import { afterAll, beforeAll, expect, test } from "vitest";

import { ROOT } from "./tarballs.ts";

const POLICY = `
version: 1
name: words
default: { description: Guests get what is listed, owner: platform }
rules:
  - { id: data, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/data/**"] }
  - { id: dotenv, effect: deny, capability: filesystem, operations: [read], paths: ["/srv/**/.env"], owner: security }
  - { id: api, effect: allow, capability: network, hosts: ["api.example.com:443"] }
  - { id: git, effect: allow, capability: subprocess, commands: [{ path: /usr/bin/git, args: [log] }] }
  - { id: std, effect: allow, capability: import, modules: ["node:fs", "node:child_process"] }
limits: { calls: 100 }
`;

const NOTES = ', described as "Guests get what is listed", owned by "platform"';
const DATA = `rules grant this operation, but none on this target${NOTES}; the nearest rule "data" lacks`;

/** What a guest does, what it is for the command line, and the words. */
const DENIALS: readonly (readonly [program: string, why: readonly string[], words: string])[] = [
  [
    `require("node:fs").readFileSync("/etc/shadow")`,
    ["filesystem", "read", "/etc/shadow"],
    `${DATA} the path "/etc/shadow": it has "/srv/data/**"`,
  ],
  [
    `require("node:fs").writeFileSync("/srv/data/a", "")`,
    ["filesystem", "write", "/srv/data/a"],
    `a rule covers this target, but does not grant this operation${NOTES}; the nearest rule "data" lacks the operation "write": it has "read"`,
  ],
  [
    `require("node:fs").readFileSync("/srv/a/.env")`,
    ["filesystem", "read", "/srv/a/.env"],
    'refused by rule "dotenv", which denies; no rule that is added can grant it, owned by "security"',
  ],
  [
    `await fetch("https://API.example.com:8443/x?token=1")`,
    ["network", "connect", "api.example.com:8443"],
    'lacks the port "api.example.com:8443": it has "api.example.com:443"',
  ],
  [
    `require("node:child_process").execFileSync("/usr/bin/git", ["push", "a b"])`,
    ["subprocess", "exec", '/usr/bin/git push "a b"'],
    'lacks the arguments "/usr/bin/git push "a b"": it has "/usr/bin/git log"',
  ],
  [
    `await import("file:tmp/x.mjs")`,
    ["import", "load", "file:tmp/x.mjs"],
    "the target or an argument of it is not valid, so no rule can grant it",
  ],
  ["Math.random()", ["random", "read", ""], "no rule grants this operation"],
  [
    `await import("lodash")`,
    ["import", "load", "lodash"],
    'lacks the module "lodash": it has "node:fs", "node:child_process"',
  ],
];

const exporter = new InMemoryLogRecordExporter();
const loggerProvider = new LoggerProvider({
  processors: [new SimpleLogRecordProcessor({ exporter })],
});
const events: DenialEvent[] = [];
let folder: string;
let supervisor: Supervisor;
let denials: ReturnType<typeof createDenialRecorder>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "pyisolate-words-"));
  await writeFile(path.join(folder, "policy.yaml"), POLICY);
  const recorder = createDenialRecorder({ loggerProvider });
  denials = recorder;
  const sink: DenialSink = {
    record: (event) => {
      events.push(event);
      recorder.record(event);
    },
  };
  supervisor = new Supervisor({ policy: POLICY, denials: sink, pool: 0 });
});

afterAll(async () => {
  await supervisor.close();
  await denials.shutdown();
  await rm(folder, { recursive: true });
});

async function recordOf({ id }: DenialEvent) {
  await denials.flush();
  return exporter
    .getFinishedLogRecords()
    .find(({ attributes }) => attributes[ATTRIBUTES.denialId.name] === id);
}

async function onCommandLine([capability = "", operation = "", target = ""]: readonly string[]) {
  const main = path.join(ROOT, "packages/cli/dist/main.js");
  const on = target === "" ? [] : ["--target", target];
  const asked = ["--capability", capability, "--operation", operation, ...on];
  const given = [main, "why", path.join(folder, "policy.yaml"), ...asked];
  const { stdout } = await promisify(execFile)(process.execPath, given);
  return stdout.split("\n")[0];
}

test.each(DENIALS)(
  "%s: event, record and command line say why in the same words",
  async (program, why, words) => {
    await using cell = await supervisor.spawn("tenant-a");
    await expect(cell.exec(`${program};\nexport {};`)).rejects.toMatchObject({
      name: "PolicyError",
    });
    const event = events.at(-1);
    if (event === undefined) throw new Error("no event");
    expect(event.explanation).toContain(words);
    expect(cell.denialEvents().at(-1)?.explanation).toBe(event.explanation);
    const record = await recordOf(event);
    expect(record?.attributes[ATTRIBUTES.explanation.name]).toBe(event.explanation);
    expect(await onCommandLine(why)).toBe(`deny: ${event.explanation}`);
  },
);

test("a limit has its words on the event, in the record and on the command line", async () => {
  await using cell = await supervisor.spawn("tenant-b");
  await cell
    .exec(`for (let i = 0; i < 200; i++) try { Math.random() } catch {}`)
    .catch(() => undefined);
  const event = events.findLast(({ capability }) => capability === "limit");
  if (event === undefined) throw new Error("no event");
  const words = "a limit, which no rule can grant: calls is 100 in the policy";
  expect(event.explanation).toContain(words);
  await denials.flush();
  const said = exporter
    .getFinishedLogRecords()
    .map(({ attributes }) => attributes[ATTRIBUTES.explanation.name]);
  expect(said.some((each) => String(each).includes(words))).toBe(true);
  expect(await onCommandLine(["limit", "calls", event.target])).toBe(`deny: ${event.explanation}`);
});
