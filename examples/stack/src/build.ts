import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BUNDLES, type Bundle, bundleFolder, cacheFolder } from "./cache.ts";
import { runCommand } from "./command.ts";
import { StackError } from "./errors.ts";
import { isExecutable, onPath } from "./executable.ts";
import { withLock } from "./lock.ts";
import {
  COLLECTOR_VERSION,
  collectorManifest,
  PROMETHEUS_BUILD_TAGS,
  PROMETHEUS_MODULE_VERSION,
  PROMETHEUS_VERSION,
} from "./manifest.ts";
import type { Progress } from "./progress.ts";
import { lastLines } from "./tail.ts";

export interface BuildOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** The Go command. */
  readonly go: string;
}

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
        await (bundle === "collector"
          ? buildCollector(work, options)
          : buildPrometheus(work, options));
        await rename(join(work, "bin"), folder).catch(async (error: unknown) => {
          // Another process that took this one for dead has built the same.
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

/** The Go command: `$PYISOLATE_GO` (`none` forbids building), else Go on PATH, or where its installer puts it. */
export async function findGo(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const chosen = env["PYISOLATE_GO"];
  if (chosen === "none") return undefined;
  if (chosen !== undefined && chosen !== "") return chosen;
  const [first] = await onPath(["go"], env);
  if (first !== undefined) return first;
  const usual = "/usr/local/go/bin/go";
  return (await isExecutable(usual)) ? usual : undefined;
}

async function isBuilt(bundle: Bundle, folder: string): Promise<boolean> {
  const present = await Promise.all(
    BUNDLES[bundle].map((name) => isExecutable(join(folder, name))),
  );
  return present.every(Boolean);
}

// Under the lock: nobody else works on this bundle, so its other work folders belong to builds that were killed.
async function sweep(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const parent = cacheFolder(env);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (path.startsWith(`${folder}.work-`) || path === folder)
      await rm(path, { recursive: true, force: true });
  }
}

async function buildCollector(work: string, options: BuildOptions): Promise<void> {
  const { go, progress } = options;
  const tools = join(work, "tools");
  const sources = join(work, "src");
  const manifest = join(work, "manifest.yaml");
  await writeFile(manifest, collectorManifest({ output: sources, go }));
  await progress.step("Building the Collector Builder", () =>
    runGo(
      ["install", `go.opentelemetry.io/collector/cmd/builder@v${COLLECTOR_VERSION}`],
      tools,
      options,
    ),
  );
  await progress.step(`Building the Collector ${COLLECTOR_VERSION} (once, some minutes)`, () =>
    run(
      join(tools, "builder"),
      ["--config", manifest, "--skip-strict-versioning=false"],
      options.env,
    ),
  );
  await rename(join(sources, "otelcol"), join(work, "bin", "otelcol"));
}

async function buildPrometheus(work: string, options: BuildOptions): Promise<void> {
  const commands = "github.com/prometheus/prometheus/cmd";
  // Go stamps no version into what it installs this way, and the API would report none.
  const flags = `-s -w -X github.com/prometheus/common/version.Version=${PROMETHEUS_VERSION}`;
  await options.progress.step(
    `Building Prometheus and promtool ${PROMETHEUS_VERSION} (once, some minutes)`,
    () =>
      runGo(
        [
          "install",
          `-tags=${PROMETHEUS_BUILD_TAGS}`,
          `-ldflags=${flags}`,
          `${commands}/prometheus@${PROMETHEUS_MODULE_VERSION}`,
          `${commands}/promtool@${PROMETHEUS_MODULE_VERSION}`,
        ],
        join(work, "bin"),
        options,
      ),
  );
}

async function runGo(
  args: readonly string[],
  target: string,
  options: BuildOptions,
): Promise<void> {
  await run(options.go, args, { ...options.env, GOBIN: target });
}

async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { code, output } = await runCommand(command, args, { env });
  if (code === 0) return;
  throw new StackError(
    "build-failed",
    `${[command, ...args].join(" ")} failed. If a module could not be fetched, check the network and \`go env GOPROXY\`; ` +
      "if Go is too old, install a newer one; or set PYISOLATE_OTELCOL, PYISOLATE_PROMETHEUS and PYISOLATE_PROMTOOL to " +
      "binaries that you have. The end of the output:",
    lastLines(output),
  );
}
