import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { COMMANDS } from "./commands.ts";
import { folderWith, POLICY } from "./testing/folder.ts";
import { runCommand } from "./testing/run-command.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

test("--help lists every command with what it does, and exits with 0", async () => {
  const { code, stdout, stderr } = await runCommand(["--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^Usage: pyisolate COMMAND \[options\]\n/);
  for (const { name, summary } of COMMANDS) {
    expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
  }
});

test.each(COMMANDS)("$name --help says how it is used, and names each option", async (command) => {
  const { code, stdout, stderr } = await runCommand([command.name, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.startsWith(`Usage: pyisolate ${command.name} `)).toBe(true);
  for (const [name, { hidden }] of Object.entries(command.options))
    expect(stdout.includes(`  ${name} `), name).toBe(hidden !== true);
  expect(stdout).toContain("Exit code:");
});

test("without a command it shows the help on standard error, and exits with 2", async () => {
  const { code, stdout, stderr } = await runCommand([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^Usage: pyisolate COMMAND/);
});

test("--version is the package's", async () => {
  const manifest = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  expect(await runCommand(["--version"])).toEqual({
    code: 0,
    stdout: `${manifest.version}\n`,
    stderr: "",
  });
});

test.each([
  [["repot"], /got "repot"; did you mean "report"\?\n\nUsage: pyisolate COMMAND/],
  [["--vresion"], /got "--vresion"; did you mean "--version"\?/],
  [["report", "--form", "-1h"], /unknown option "--form"; did you mean --from\?/],
  [["report", "-x"], /unknown option "-x"/],
  [["report", "--no-logs=yes"], /--no-logs takes no value/],
  [["report", "--from"], /--from needs a value: TIME/],
  [["report", "--from", "--to", "now"], /--from needs a value: TIME/],
  [["report", "denials"], /"denials" is one too many: report takes nothing but options/],
])("%j is wrong usage: it is told by name, with exit code 2", async (args, message) => {
  const { code, stdout, stderr } = await runCommand(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/--help says more\.\n$/);
});

test("what a stranger wrote into an argument cannot move the cursor", async () => {
  const { code, stderr } = await runCommand(["report", "--from", "\u001B[2J\u202Enow"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^[\n -~]*$/);
  expect(stderr).toContain("<U+202E>");
});

test.each([
  ["check", 1],
  ["plan", 0],
])("a reader that has gone leaves %s its exit code", async (name, expected) => {
  using folder = folderWith({ "good.yaml": POLICY, "bad.yaml": "version: 1\n" });
  const file = expected === 0 ? "good.yaml" : "bad.yaml";
  const child = spawn(process.execPath, [MAIN, name, file], { cwd: folder.path });
  child.stdout.destroy();
  child.stderr.destroy();
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(expected);
});

test("a result that a full disk loses is one line and exit code 1", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "schema"], {
    encoding: "utf8",
    stdio: ["ignore", full, "pipe"],
  });
  closeSync(full);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^standard output cannot be written: ENOSPC.*\n$/);
});

test.each(["verify", "test"])("%s names the folder that it cannot read as a file", async (name) => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const operands = name === "test" ? ["policy.yaml", "."] : ["."];
  const { code, stderr } = await runCommand([name, ...operands], { cwd: folder.path });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^\.: EISDIR: .*\n$/);
});

test("under an older Node the needed version is printed, and no stack trace", async () => {
  const asked = "Object.defineProperty(process, 'versions', { value: { node: '22.5.1' } })";
  const { code, stderr } = await runCommand(["--version"], {
    node: ["--import", `data:text/javascript,${encodeURIComponent(asked)}`],
  });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "pyisolate needs Node 24 or newer; this is Node 22.5.1.\n",
  });
});
