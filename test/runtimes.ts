import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
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

/**
 * Fetches runtimes by npm, and takes nothing but their programs: to install all of a Node writes 2,700 files.
 *
 * @returns the path of each program.
 */
export async function fetchRuntimes<Name extends Runtime>(
  names: readonly Name[],
  folder: string,
): Promise<Record<Name, string>> {
  const args = ["pack", "--json", "--ignore-scripts", "--prefer-offline"];
  const { stdout } = await promisify(execFile)(
    "npm",
    [...args, ...names.map((name) => RUNTIMES[name][0])],
    { cwd: folder, env: npmEnvironment(), maxBuffer: 2 ** 26 },
  );
  const packed = JSON.parse(stdout) as readonly { readonly filename: string }[];
  const programs = await Promise.all(
    names.map(async (name, index) => {
      const home = path.join(folder, name);
      await mkdir(home);
      const program = `package/${RUNTIMES[name][1]}`;
      const tarball = path.join(folder, packed[index]?.filename ?? "");
      await promisify(execFile)("tar", ["-xzf", tarball, "-C", home, program]);
      return [name, path.join(home, program)] as const;
    }),
  );
  return Object.fromEntries(programs) as Record<Name, string>;
}

/** What npm is not to do: run scripts, and ask or tell what is no part of an installation. What it has fetched before it takes from its cache. */
export const QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"] as const;

function bunArch(): string {
  return process.arch === "arm64" ? "aarch64" : process.arch;
}

function libc(): string {
  return process.platform === "linux" ? "-glibc" : "";
}
