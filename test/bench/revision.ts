import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import type { Supervisor } from "@pyisolate/sandbox-core";

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, "../..");

/** An older revision of this repository, built in a folder of its own, so that both can be measured in one run. */
export class Revision implements AsyncDisposable {
  readonly #folder: string;
  readonly #tree: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#tree = path.join(folder, "tree");
  }

  /** @throws Error where git does not know the revision, or it does not build. */
  static async build(revision: string): Promise<Revision> {
    const built = new Revision(await mkdtemp(path.join(tmpdir(), "pyisolate-revision-")));
    const inTree = { cwd: built.#tree };
    const say = (what: string): void => void process.stderr.write(`${revision}: ${what} ...\n`);
    try {
      await run("git", ["worktree", "add", "--detach", built.#tree, revision], { cwd: ROOT });
      say("installing");
      await run("npx", ["-y", "pnpm@12", "install", "--frozen-lockfile"], inTree);
      say("building");
      await run("npx", ["-y", "pnpm@12", "exec", "tsc", "-b", "packages/sandbox-core"], inTree);
      // Later states run the cell from one file, give guests a library, and confine cells by a launcher.
      for (const script of [
        "sandbox-core/scripts/bundle.ts",
        "sandbox-core/scripts/library.ts",
        "launcher/scripts/build.ts",
      ]) {
        if (existsSync(path.join(built.#tree, "packages", script)))
          await run(process.execPath, [path.join("packages", script)], inTree);
      }
      return built;
    } catch (error) {
      await built[Symbol.asyncDispose]();
      throw new Error(`${revision} cannot be built here`, { cause: error });
    }
  }

  /** What the revision's sandbox exports. */
  async sandbox(): Promise<{ Supervisor: typeof Supervisor }> {
    const entry = path.join(this.#tree, "packages/sandbox-core/dist/index.js");
    return (await import(pathToFileURL(entry).href)) as { Supervisor: typeof Supervisor };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("git", ["worktree", "remove", "--force", this.#tree], { cwd: ROOT }).catch(
      () => undefined,
    );
    await rm(this.#folder, { recursive: true, force: true });
  }
}
