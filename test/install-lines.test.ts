import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";

import { SDK_PACKAGES } from "../packages/telemetry/dist/sdk/wrong-sdk.js";
import { pnpmCommand } from "../tools/packaging/src/pnpm-command.ts";
import { npmEnvironment } from "./installation.ts";
import { startRegistry } from "./registry.ts";
import { QUIET } from "./runtimes.ts";
import { PUBLISHED, type Published, ROOT } from "./tarballs.ts";

const run = promisify(execFile);

/** The section on how to install, after its heading and to the end of its last code block. */
async function sectionOf(readme: string): Promise<string> {
  const all = await readFile(path.join(ROOT, readme), "utf8");
  return /^## Install\n(.*?^All three packages.*?```bash.*?^```$)/ms.exec(all)?.[1] ?? "";
}

/** The lines of each code block. */
function waysIn(section: string): readonly (readonly string[])[] {
  return [...section.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block = ""]) =>
    block.replaceAll("\\\n", "").trim().split("\n"),
  );
}

const section = await sectionOf("README.md");
/** A code block for each way: the recorder alone, with the SDK, all three packages. */
const ways = waysIn(section);
/** The first code block of a package's README. */
const ownLines = async (name: Published): Promise<readonly string[]> =>
  waysIn(await sectionOf(`packages/${name}/README.md`))[0] ?? [];
const [OF_POLICY, OF_CELLS, OF_COMMAND] = await Promise.all([
  ownLines("policy"),
  ownLines("sandbox-core"),
  ownLines("cli"),
]);

test("each README has the same lines, for three ways to use it and three package managers", async () => {
  expect(ways.map((lines) => lines.map((line) => line.split(" ", 1)[0]))).toEqual([
    ["npm", "pnpm", "yarn"],
    ["npm", "pnpm", "yarn"],
    ["npm", "pnpm", "yarn"],
  ]);
  for (const name of PUBLISHED) {
    const own = await sectionOf(`packages/${name}/README.md`);
    expect(own.slice(own.indexOf("The recorder alone") - 1), name).toBe(section);
  }
});

test("each package's README begins with the lines that install that package", async () => {
  for (const name of PUBLISHED) {
    const lines = await ownLines(name);
    expect(lines.map((line) => line.split(" ", 1)[0])).toEqual(["npm", "pnpm", "yarn"]);
    for (const line of lines) {
      const { stdout } = await run("bash", ["-c", `echo ${line}`]);
      expect(stdout.split(/\s/), line).toContain(`@pyisolate/${name}`);
    }
  }
});

test("the lines for the SDK entry have the packages that it is made with, in the versions that are tested", async () => {
  for (const line of [...(ways[1] ?? []), ...(ways[2] ?? [])]) {
    const { stdout } = await run("bash", ["-c", `echo ${line}`]);
    const named = stdout.match(/@opentelemetry\/\S+/g) ?? [];
    expect(named.toSorted(), line).toEqual([...SDK_PACKAGES].toSorted());
  }
  const workspace = await readFile(path.join(ROOT, "pnpm-workspace.yaml"), "utf8");
  const { catalog } = parse(workspace) as { catalog: Readonly<Record<string, string>> };
  const tested = SDK_PACKAGES.map((each) => each.slice(0, each.lastIndexOf("@")));
  expect(tested.map((name) => `${name}@${catalog[name]}`)).toEqual(SDK_PACKAGES);
});

const RECORDER = `
  import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
  const emitted = [];
  const logger = { enabled: () => true, emit: (record) => emitted.push(record) };
  await using denials = createDenialRecorder({ loggerProvider: { getLogger: () => logger } });
  denials.record(denialEvent({ cell: "tenant-a", capability: "database", operation: "query" }));
  await denials.flush();
  console.log(emitted.length);
`;
const WITH_SDK = `
  import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
  import { startTelemetry } from "@pyisolate/telemetry/sdk";
  await using otel = startTelemetry({ metrics: "prometheus", logs: "none", port: 0 });
  await using denials = createDenialRecorder();
  denials.record(denialEvent({ cell: "tenant-a", capability: "database", operation: "query" }));
  await otel.ready();
  const page = await (await fetch(otel.prometheusUrl)).text();
  console.log(/^pyisolate_denials_total\\{.*\\} (.*)$/m.exec(page)[1]);
`;
const ALL_THREE = `
  import { parsePolicy } from "@pyisolate/policy";
  import { Supervisor } from "@pyisolate/sandbox-core";
  import { createDenialRecorder } from "@pyisolate/telemetry";
  import { startTelemetry } from "@pyisolate/telemetry/sdk";
  await using otel = startTelemetry({ metrics: "prometheus", logs: "none", port: 0 });
  await using denials = createDenialRecorder();
  const policy = parsePolicy({ version: 1, name: "none", rules: [] });
  await using supervisor = new Supervisor({ policy, denials, kernel: "off" });
  await using cell = await supervisor.spawn("tenant-a");
  await cell.exec('require("node:fs")').catch(() => {});
  await otel.ready();
  const page = await (await fetch(otel.prometheusUrl)).text();
  console.log(/^pyisolate_denials_total\\{.*\\} (.*)$/m.exec(page)[1]);
`;

const POLICY_ALONE = `
  import { decide, parsePolicy } from "@pyisolate/policy";
  const policy = parsePolicy({ version: 1, name: "none", rules: [] });
  const { effect } = decide(policy, { capability: "random", operation: "read", target: "" });
  console.log(effect === "deny" ? 1 : 0);
`;
const CELLS = `
  import { parsePolicy } from "@pyisolate/policy";
  import { Supervisor } from "@pyisolate/sandbox-core";
  const policy = parsePolicy({ version: 1, name: "none", rules: [] });
  await using supervisor = new Supervisor({ policy, kernel: "off" });
  await using cell = await supervisor.spawn("tenant-a");
  console.log(await cell.exec("1"));
`;

let folder = "";
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "pyisolate-lines-"));
  const tools = path.join(folder, "tools");
  await mkdir(tools);
  const options = { cwd: tools, env: npmEnvironment() };
  await writeFile(path.join(tools, "package.json"), `{ "private": true }`);
  [registry] = await Promise.all([
    startRegistry(folder),
    run("npm", ["install", ...QUIET, "@yarnpkg/cli-dist@4.18.1"], options),
  ]);
  const yarn = path.join(tools, "node_modules/@yarnpkg/cli-dist/bin/yarn.js");
  await program(path.join(tools, "pnpm"), pnpmCommand());
  await program(path.join(tools, "yarn"), [process.execPath, yarn]);
}, 300_000);

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A command of this name that runs another one. */
async function program(file: string, command: readonly string[]): Promise<void> {
  const words = command.map((word) => `'${word}'`).join(" ");
  await writeFile(file, `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(file, 0o755);
}

/** An empty project whose packages of ours come from the test's registry, and all others from where they always come. */
async function project(name: string): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  const cwd = path.join(folder, name);
  await mkdir(cwd);
  const env = npmEnvironment();
  const { stdout } = await run("npm", ["config", "get", "registry"], { cwd, env });
  const files = {
    "package.json": `{ "name": "service", "private": true, "type": "module" }`,
    ".npmrc": `@pyisolate:registry=${registry.url}\n`,
    ".yarnrc.yml": `npmScopes: { pyisolate: { npmRegistryServer: "${registry.url.slice(0, -1)}" } }\nunsafeHttpWhitelist: ["127.0.0.1"]\n`,
    "yarn.lock": "",
  };
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(cwd, file), text);
  const PATH = `${path.join(folder, "tools")}${path.delimiter}${env["PATH"]}`;
  const yarn = {
    YARN_NPM_REGISTRY_SERVER: stdout.trim(),
    YARN_ENABLE_TELEMETRY: "0",
    // It remembers what a registry told, and that of the test's has another port each time.
    YARN_GLOBAL_FOLDER: path.join(folder, "yarn"),
  };
  // Yarn writes no lockfile where it sees CI.
  return { cwd, env: { ...env, ...yarn, PATH, CI: "", YARN_ENABLE_IMMUTABLE_INSTALLS: "false" } };
}

async function installed(
  line: string,
  options: Awaited<ReturnType<typeof project>>,
): Promise<void> {
  await run("bash", ["-c", line], options).catch((error: unknown) => {
    // Yarn says on stdout what is wrong.
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${line}\n${stdout}\n${stderr}`, { cause: error });
  });
}

const WAYS = [...ways, OF_POLICY, OF_CELLS];
const PROGRAMS = [RECORDER, WITH_SDK, ALL_THREE, POLICY_ALONE, CELLS];

/** How a project runs a command of a package that it has. */
const RUNS: Readonly<Record<string, string>> = {
  npm: "npx --no",
  pnpm: "pnpm",
  yarn: "yarn",
};

describe.concurrent("the line in the README", { timeout: 240_000 }, () => {
  test.each(
    WAYS.flatMap((lines, way) =>
      lines.map((line) => ({
        line,
        way,
        manager: line.split(" ", 1)[0] ?? "",
        words: line.slice(0, 60),
      })),
    ),
  )("'$words…' installs what its program needs, and that runs", async ({ line, way, manager }) => {
    const options = await project(`${way}-${manager}`);
    await installed(line, options);
    await writeFile(path.join(options.cwd, "program.js"), PROGRAMS[way] ?? "");
    const [command, ...args] = manager === "yarn" ? ["yarn", "node"] : ["node"];
    const { stdout } = await run(command ?? "", [...args, "program.js"], options);
    expect(stdout).toBe("1\n");
  });

  test.each(OF_COMMAND)("'%s' installs a command that runs", async (line) => {
    const manager = line.split(" ", 1)[0] ?? "";
    const options = await project(`command-${manager}`);
    await installed(line, options);
    const { stdout } = await run("bash", ["-c", `${RUNS[manager]} pyisolate schema`], options);
    expect(JSON.parse(stdout)).toMatchObject({ required: ["version", "name", "rules"] });
  });
});
