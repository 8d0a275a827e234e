import { chmod, cp, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ALERTMANAGER_BUILD_TAGS,
  ALERTMANAGER_VERSION,
  type Bundle,
  PROMETHEUS_BUILD_TAGS,
  PROMETHEUS_MODULE_VERSION,
  PROMETHEUS_VERSION,
  VICTORIALOGS_VERSION,
} from "./bundles.ts";
import { type BuildOptions, goInstall, runTool } from "./go.ts";
import { COLLECTOR_VERSION, collectorManifest } from "./collector-manifest.ts";

/** Builds a bundle's programs into `bin` of a work folder, which is there; the rest of the folder is scratch. */
export type Recipe = (work: string, options: BuildOptions) => Promise<void>;

export const RECIPES: Readonly<Record<Bundle, Recipe>> = {
  collector: buildCollector,
  prometheus: buildPrometheus,
  victorialogs: buildVictoriaLogs,
  alertmanager: buildAlertmanager,
};

// The cache may be inside a repository, such as a home folder that is kept in git, whose revision must not be taken for the server's.
const NO_STAMP = "-buildvcs=false";

async function buildCollector(work: string, options: BuildOptions): Promise<void> {
  const { go, progress } = options;
  const tools = join(work, "tools");
  const sources = join(work, "src");
  const manifest = join(work, "manifest.yaml");
  await writeFile(manifest, collectorManifest({ output: sources, go }));
  await progress.step("Building the Collector Builder", () =>
    goInstall([`go.opentelemetry.io/collector/cmd/builder@v${COLLECTOR_VERSION}`], tools, options),
  );
  await progress.step(`Building the Collector ${COLLECTOR_VERSION} (once, some minutes)`, () =>
    runTool(
      join(tools, "builder"),
      ["--config", manifest, "--skip-strict-versioning=false"],
      options,
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
      goInstall(
        [
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

async function buildVictoriaLogs(work: string, options: BuildOptions): Promise<void> {
  // Go stamps no version into what it installs this way, and `-version` would say nothing.
  const flags = `-s -w -X github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version=victoria-logs-v${VICTORIALOGS_VERSION}`;
  await options.progress.step(`Building VictoriaLogs ${VICTORIALOGS_VERSION} (once)`, () =>
    goInstall(
      [
        `-ldflags=${flags}`,
        `github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v${VICTORIALOGS_VERSION}`,
      ],
      join(work, "bin"),
      options,
    ),
  );
}

// Alertmanager embeds the pages of its web interface, which its Go module lacks: as it is, it does not compile. So a copy of
// the module gets a page that says so. Its own go.mod and go.sum hold.
async function buildAlertmanager(work: string, options: BuildOptions): Promise<void> {
  const { env, go, progress } = options;
  const flags = `-s -w -X github.com/prometheus/common/version.Version=${ALERTMANAGER_VERSION}`;
  await progress.step(
    `Building Alertmanager ${ALERTMANAGER_VERSION} (once, some minutes)`,
    async () => {
      const module = `github.com/prometheus/alertmanager@v${ALERTMANAGER_VERSION}`;
      const { Dir: kept } = JSON.parse(
        await runTool(go, ["mod", "download", "-json", module], { env, cwd: work }),
      ) as { readonly Dir: string };
      const sources = join(work, "src");
      await cp(kept, sources, { recursive: true });
      await makeWritable(sources);
      const pages = join(sources, "ui", "app", "dist");
      await mkdir(pages, { recursive: true });
      await writeFile(
        join(pages, "index.html"),
        "This build has no web interface. Its API is at /api/v2.\n",
      );
      await runTool(
        go,
        [
          "build",
          NO_STAMP,
          `-tags=${ALERTMANAGER_BUILD_TAGS}`,
          `-ldflags=${flags}`,
          `-o=${join(work, "bin")}/`,
          "./cmd/alertmanager",
          "./cmd/amtool",
        ],
        { env, cwd: sources },
      );
    },
  );
}

// Go keeps modules read-only, and a copy would be neither changed nor removed by anyone but root.
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
