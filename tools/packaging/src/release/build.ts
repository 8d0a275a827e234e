import { failureText } from "../failure-text.ts";
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { pnpmCommand } from "../pnpm-command.ts";
import { publishedPackages } from "../published.ts";
import { readTarball, type Tarball } from "./tarball.ts";

/** Milliseconds that one command may take: an install from an empty cache is the longest. */
const COMMAND_TIMEOUT_MS = 600_000;

/** Tarballs of a commit, in a folder that goes with them. */
export interface Built extends Disposable {
  /** In the order in which they are to be published. */
  readonly tarballs: readonly Tarball[];
  /** Packages that could not be packed, and why. */
  readonly failures: readonly string[];
}

/**
 * Builds and packs a commit's own files in a folder where nothing else is. So every dist is fresh: what an earlier build
 * left behind, or a file that was never committed, cannot be in a tarball.
 *
 * @param say Takes a line that tells how far it is.
 * @throws Error where it does not install or build, with the command's output.
 */
export async function buildCommit(
  root: string,
  commit: string,
  say: (line: string) => void,
): Promise<Built> {
  const folder = mkdtempSync(path.join(tmpdir(), "pyisolate-release-"));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const tree = path.join(folder, "tree");
    const out = path.join(folder, "tarballs");
    for (const each of [tree, out]) mkdirSync(each);
    const archive = path.join(folder, "tree.tar");
    execFileSync("git", ["archive", "--output", archive, commit], { cwd: root });
    execFileSync("tar", ["-xf", archive, "-C", tree]);
    say("Installing ...");
    await pnpm(tree, ["install", "--frozen-lockfile", "--prefer-offline"]);
    say("Building ...");
    await pnpm(tree, ["build"]);
    const license = readFileSync(path.join(tree, "LICENSE"), "utf8");
    const tarballs: Tarball[] = [];
    const failures: string[] = [];
    for (const { folder: cwd, manifest } of publishedPackages(tree)) {
      say(`Packing ${manifest.name} ...`);
      const own = path.join(out, path.basename(cwd));
      mkdirSync(own);
      try {
        await pnpm(cwd, ["pack", "--pack-destination", own]);
        const file = readdirSync(own).find((name) => name.endsWith(".tgz"));
        if (file === undefined) throw new Error("pnpm pack left no tarball");
        tarballs.push(readTarball(path.join(own, file), license));
      } catch (error) {
        failures.push(`${manifest.name} cannot be packed: ${failureText(error)}`);
      }
    }
    return { tarballs, failures, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function pnpm(cwd: string, args: readonly string[]): Promise<void> {
  const [command, ...first] = pnpmCommand();
  await promisify(execFile)(command, [...first, ...args], {
    cwd,
    env: outsideOfPnpm(),
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Without what pnpm told its script of the repository that it runs in: the folder is another one. */
function outsideOfPnpm(): NodeJS.ProcessEnv {
  const told =
    /^(?:npm_(?:package_|lifecycle_|config_(?:local_|global_)?prefix|command)|INIT_CWD|PNPM_SCRIPT)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !told.test(name)));
}
