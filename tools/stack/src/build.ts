import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bundle, BUNDLES } from "./bundles.ts";
import { bundleFolder, cacheFolder } from "./cache.ts";
import { isExecutable } from "./executable.ts";
import type { BuildOptions } from "./go.ts";
import { withLock } from "./lock.ts";
import { RECIPES } from "./recipes.ts";

/**
 * Builds a bundle into the cache, unless it is there, and returns its folder.
 *
 * @remarks Go reads its own settings (GOPROXY, GOFLAGS, GOMODCACHE, ...) from the environment as always. Work goes on beside
 * the final folder, which appears in one rename: a killed build leaves only what the next one sweeps away.
 *
 * @throws {StackError} `build-failed`, with the end of Go's output.
 */
export async function buildBundle(bundle: Bundle, options: BuildOptions): Promise<string> {
  const folder = bundleFolder(bundle, options.env);
  await mkdir(cacheFolder(options.env), { recursive: true });
  return await withLock(
    `${folder}.lock`,
    async () => {
      if (await isBuilt(bundle, folder)) return folder;
      await sweep(folder, options.env);
      const work = `${folder}.work-${randomUUID()}`;
      try {
        await mkdir(join(work, "bin"), { recursive: true });
        await RECIPES[bundle](work, options);
        await rename(join(work, "bin"), folder).catch(async (error: unknown) => {
          // Another process took this one for dead, and has built the same.
          if (!(await isBuilt(bundle, folder))) throw error;
        });
      } finally {
        await rm(work, { recursive: true, force: true });
      }
      return folder;
    },
    {
      onWait: () => options.progress.note(`Waiting for another process that builds ${bundle} ...`),
    },
  );
}

async function isBuilt(bundle: Bundle, folder: string): Promise<boolean> {
  const present = await Promise.all(
    BUNDLES[bundle].programs.map((name) => isExecutable(join(folder, name))),
  );
  return present.every(Boolean);
}

// Under the lock: no other process works on this bundle, so its other work folders belong to builds that were killed.
async function sweep(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const parent = cacheFolder(env);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (path.startsWith(`${folder}.work-`) || path === folder)
      await rm(path, { recursive: true, force: true });
  }
}
