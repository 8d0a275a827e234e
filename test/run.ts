import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { TALLY_VARIABLE } from "./tally-reporter.ts";
import { verdict, type Ending, type Tally } from "./verdict.ts";

const HELP = `Usage: npx -y pnpm@12 test [vitest arguments]

Runs every test and ends with one line: "N passed, N failed" (", N skipped" where some were).
A file that does not load, an unhandled error, a crash of the runner and a run of no test are failures.
With CI=true a skipped test is a failure too.

  npx -y pnpm@12 test journey          files whose path contains "journey"
  npx -y pnpm@12 test -t "wrong token" tests whose name matches
  npx -y pnpm@12 test -u               update inline snapshots`;

const root = path.resolve(import.meta.dirname, "..");
const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(HELP);
} else {
  process.exitCode = await run(args);
}

async function run(passedOn: readonly string[]): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-tally-"));
  try {
    const file = path.join(folder, "tally.json");
    const ending = await vitest(passedOn, {
      [TALLY_VARIABLE]: file,
      // The tests start hundreds of processes of the same files: each would strip their types and compile them anew.
      NODE_COMPILE_CACHE: path.join(folder, "compiled"),
    });
    const { lines, exitCode } = verdict(await readTally(file), ending, process.env["CI"]);
    console.log(`\n${lines.join("\n")}`);
    return exitCode;
  } finally {
    // A process that a test left behind may be writing there as it ends.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs vitest in a process of its own, so that no crash of it can be mistaken for its end. */
async function vitest(
  passedOn: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Ending> {
  const command = path.join(
    path.dirname(fileURLToPath(import.meta.resolve("vitest/package.json"))),
    "vitest.mjs",
  );
  const reporters = [
    "--reporter=default",
    `--reporter=${path.join(import.meta.dirname, "tally-reporter.ts")}`,
  ];
  const child = spawn(process.execPath, [command, "run", ...reporters, ...passedOn], {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: ["ignore", "inherit", "inherit"],
  });
  // A terminal sends its signals to both; a supervisor only to us. Either way the line is printed last, by us.
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  const { promise, resolve, reject } = Promise.withResolvers<Ending>();
  child.once("error", reject);
  child.once("exit", (code, signal) => {
    resolve(signal === null ? { code: code ?? 1 } : { signal });
  });
  return await promise;
}

/** What the reporter wrote; undefined where vitest ended before it could. */
async function readTally(file: string): Promise<Tally | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Tally;
  } catch {
    return undefined;
  }
}
