import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { SDK_PACKAGES } from "../packages/telemetry/dist/sdk/wrong-sdk.js";
import { LAUNCHERS, packTarball, PUBLISHED } from "./tarballs.ts";

/**
 * Installs the packed packages into an empty folder as a user would: npm, the tarballs, and the peers of telemetry
 * (also the optional ones, which its entry `./sdk` needs, in the versions of its release train). Gives what npm complained about.
 */
export async function installTarballs(folder: string): Promise<string> {
  const tarballs = path.join(folder, "tarballs");
  await mkdir(tarballs);
  const packed: string[] = [];
  for (const name of [...LAUNCHERS, ...PUBLISHED]) packed.push(await packTarball(name, tarballs));
  await writeFile(path.join(folder, "package.json"), `{ "private": true, "type": "module" }`);
  const { stderr } = await promisify(execFile)(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...packed, ...SDK_PACKAGES],
    { cwd: folder, env: npmEnvironment() },
  );
  return stderr;
}

/** Without what npx told its child about this repository: npm would install into it. */
export function npmEnvironment(): NodeJS.ProcessEnv {
  const node = path.dirname(process.execPath);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${node}${path.delimiter}${process.env["PATH"] ?? ""}`,
  };
  for (const name of ["local_prefix", "global_prefix", "prefix"]) delete env[`npm_config_${name}`];
  return env;
}
