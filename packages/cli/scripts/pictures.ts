// Takes the README's pictures: an incident on the real servers, its report, and a real browser's view of it.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import {
  type Collector,
  createProgress,
  findServers,
  startCollector,
  startStack,
  startVictoriaLogs,
} from "@pyisolate/stack";

import { createPrometheus } from "../src/report/ask/prometheus.ts";
import { createVictoriaLogs } from "../src/report/ask/victorialogs.ts";
import { find } from "../src/report/findings/findings.ts";
import { page } from "../src/report/page/page.ts";
import { startChromium } from "../src/testing/browser.ts";
import { playIncident } from "../src/testing/incident.ts";

const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
const BEATS = 480;
const BEAT_MS = 250;
/** Beats at which the Collector dies and comes back. */
const OUTAGE = { from: 310, to: 360 };
/** What of the page is in the picture: its beginning, to where the tables are. */
const SIZE = { width: 1200, height: 1110 };

process.env["OTEL_METRIC_EXPORT_INTERVAL"] = "500";
const progress = createProgress();
const names = ["otelcol", "prometheus", "promtool", "victoria-logs"] as const;
const found = await findServers({ progress, names });
if (!found.ok) throw new Error(found.reason);
const { servers } = found;
const folder = await mkdtemp(join(tmpdir(), "pyisolate-pictures-"));
try {
  await using store = await startVictoriaLogs({ binary: servers["victoria-logs"] });
  const logStore = store.otlpEndpoint;
  const stateDir = join(folder, "otelcol");
  await using stack = await startStack({ servers, stateDir, logStore });
  let collector: Collector = stack.collector;
  const { otlpEndpoint: endpoint, ports } = collector;
  const from = Date.now();
  await progress.step("An incident, two minutes long", async () => {
    await playIncident({
      endpoint,
      beats: BEATS,
      beatMs: BEAT_MS,
      async onBeat(beat) {
        if (beat === OUTAGE.from) await collector.kill();
        if (beat === OUTAGE.to)
          collector = await startCollector({ binary: servers.otelcol, stateDir, ports, logStore });
      },
    });
  });
  await using _ = collector;
  // What was counted last is scraped a second later.
  await sleep(2000);
  const to = Date.now();
  const sources = {
    prometheus: createPrometheus(new URL(stack.prometheus.url)),
    logs: createVictoriaLogs(new URL(store.url)),
  };
  const findings = await find(sources, { range: { from, to }, filter: {}, now: to });
  const file = join(folder, "page.html");
  await writeFile(file, page(findings));
  await progress.step("Pictures", async () => await photograph(file));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function photograph(file: string): Promise<void> {
  await mkdir(DOCS, { recursive: true });
  await using ending = new AsyncDisposableStack();
  const browser = await startChromium();
  ending.defer(async () => await browser.close());
  for (const scheme of ["light", "dark"] as const) {
    const tab = await browser.newPage();
    await tab.setViewport(SIZE);
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await tab.goto(pathToFileURL(file).href);
    const path = join(DOCS, `report-${scheme}.png`) as `${string}.png`;
    await tab.screenshot({ path, optimizeForSpeed: false });
    process.stdout.write(`${path}\n`);
  }
}
