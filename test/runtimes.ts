import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { npmEnvironment } from "./installation.ts";

/** A runtime's package for this machine, and where its program is in it. It has the program and nothing else, so no script has to run. */
const RUNTIMES = {
  node18: [`node-${process.platform}-${process.arch}@18.20.8`, "bin/node"],
  node20: [`node-${process.platform}-${process.arch}@20.20.2`, "bin/node"],
  node22: [`node-${process.platform}-${process.arch}@22.23.3`, "bin/node"],
  node26: [`node-${process.platform}-${process.arch}@26.10.0`, "bin/node"],
  bun: [`@oven/bun-${process.platform}-${bunArch()}@1.4.5`, "bin/bun"],
  deno: [`@deno/${process.platform}-${process.arch}${libc()}@2.9.6`, "deno"],
} as const;
export type Runtime = keyof typeof RUNTIMES;

/** Installs a runtime by npm. @returns the path of its program. */
export async function installRuntime(runtime: Runtime, folder: string): Promise<string> {
  const [wanted, program] = RUNTIMES[runtime];
  const home = path.join(folder, runtime);
  await mkdir(home);
  await writeFile(path.join(home, "package.json"), `{ "private": true }`);
  await promisify(execFile)("npm", ["install", ...QUIET, wanted], {
    cwd: home,
    env: npmEnvironment(),
  });
  return path.join(home, "node_modules", wanted.slice(0, wanted.lastIndexOf("@")), program);
}

/** What npm is not to do: run scripts, and ask or tell what is no part of an installation. What it has fetched before it takes from its cache. */
export const QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"] as const;

function bunArch(): string {
  return process.arch === "arm64" ? "aarch64" : process.arch;
}

function libc(): string {
  return process.platform === "linux" ? "-glibc" : "";
}
