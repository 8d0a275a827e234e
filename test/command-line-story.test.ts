import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";

import { BUILD_TIMEOUT_MS, serversForTest, startCollector, waitForLogs } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { readmeProgram } from "./readme-program.ts";
import { ROOT } from "./tarballs.ts";

const HEADING = "## A refusal that is wrong";
const MONTHS = ["2026-09", "2026-10", "2026-11"];

test(
  "a refusal that is wrong is put right on the command line, by the README's blocks alone",
  async (context) => {
    const { otelcol } = await serversForTest(context, ["otelcol"]);
    const blocks = await storyBlocks();
    expect(blocks.map(({ language }) => language)).toEqual([
      "ts",
      "console",
      "yaml",
      "console",
      "console",
    ]);
    const [service, explained, tests, tried, promoted] = blocks.map(({ text }) => text);
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-story-"));
    try {
      const logFile = path.join(folder, "denials.jsonl");
      await using collector = await startCollector({
        binary: otelcol,
        env: { OTELCOL_LOG_FILE: logFile },
      });
      await writeFile(path.join(folder, "policy.yaml"), (await readmeProgram()).policy);
      await writeFile(path.join(folder, "exports.ts"), service ?? "");
      await writeFile(path.join(folder, "exports.policy-test.yaml"), tests ?? "");
      await symlink(path.join(ROOT, "test/node_modules"), path.join(folder, "node_modules"));
      const command = path.join(folder, "pyisolate");
      const main = path.join(ROOT, "packages/cli/dist/main.js");
      await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
      await chmod(command, 0o755);

      {
        await using exports = startService(folder, collector.otlpEndpoint);
        for (const month of MONTHS) expect(await exports.ask(month)).toMatch(/^PolicyError: /);
      }
      await waitForLogs(logFile, (logs) => denialsIn(logs, true) === MONTHS.length);
      await runConsole(explained, folder);
      await runConsole(tried, folder);

      await using exports = startService(folder, collector.otlpEndpoint);
      for (const month of MONTHS) expect(await exports.ask(month)).toMatch(/^PolicyError: /);
      await waitForLogs(logFile, (logs) => denialsIn(logs, false) === MONTHS.length, 30_000);
      await runConsole(promoted, folder);
      // Granted: what is left is that this machine has no such file.
      await expect
        .poll(async () => await exports.ask("2026-11"), { timeout: 20_000 })
        .toMatch(/^GuestError: .*ENOENT/);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  BUILD_TIMEOUT_MS,
);

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The blocks of the README's story, in order. */
async function storyBlocks(): Promise<Block[]> {
  const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
  const from = readme.indexOf(HEADING);
  const story = readme.slice(from, readme.indexOf("\n## ", from + 1));
  return [...story.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
}

/** Runs a block's commands, and compares what each prints with what stands below it. */
async function runConsole(block: string | undefined, folder: string): Promise<void> {
  const steps = (block ?? "").split(/^\$ /m).slice(1);
  expect(steps.length).toBeGreaterThan(0);
  for (const step of steps) {
    const [line = "", ...shown] = step.split("\n");
    const { stdout, stderr } = await shell(line, folder);
    expect({ line, stdout, stderr }).toEqual({ line, stdout: shown.join("\n"), stderr: "" });
  }
}

/** @returns what a command line has printed; a difference, say, is an exit code other than 0 and no failure. */
async function shell(line: string, cwd: string): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: `${cwd}:${process.env["PATH"] ?? ""}` };
  return await new Promise((resolve) => {
    execFile("/bin/sh", ["-c", line], { cwd, env, timeout: 60_000 }, (_error, stdout, stderr) => {
      resolve({ stdout, stderr });
    });
  });
}

function startService(cwd: string, endpoint: string) {
  const child = spawn(process.execPath, ["exports.ts"], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => {
    child.on("close", () => resolve());
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** @returns what the service says of a month. */
    ask: async (month: string): Promise<string> => {
      child.stdin.write(`${month}\n`);
      const { value, done = false } = await lines.next();
      if (done || typeof value !== "string") throw new Error("the service has ended");
      return value.replace(`${month} `, "");
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function denialsIn(
  logs: Parameters<Parameters<typeof waitForLogs>[1]>[0],
  enforced: boolean,
): number {
  return logs.filter(
    ({ eventName, attributes }) =>
      eventName === "pyisolate.denial" && attributes["pyisolate.enforced"] === enforced,
  ).length;
}
