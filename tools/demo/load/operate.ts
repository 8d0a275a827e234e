import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import {
  createProgress,
  requireServers,
  type Server,
  StackError,
  startStack,
  type Stack,
} from "@pyisolate/stack";

import { heading, pairs, say } from "../demo/screen.ts";
import { outages } from "./outages.ts";
import { startServices } from "./services.ts";

const RULES = fileURLToPath(new URL("../../../packages/telemetry/rules", import.meta.url));

export interface Operation {
  readonly load: boolean;
  /** Seconds; 0 for never. */
  readonly outageEvery: number;
  /** Whether there is a log store. */
  readonly logs: boolean;
  /** Aborted when it is time to end. */
  readonly ending: AbortSignal;
}

/** Runs servers and services until it is time to end. @throws where one cannot be had, or ends by itself. */
export async function operate({ load, outageEvery, logs, ending }: Operation): Promise<void> {
  const progress = createProgress();
  const names = ["otelcol", "prometheus", "promtool", "alertmanager"] as const;
  // A build takes minutes, and Ctrl-C must not wait for it: it ends with this process.
  const servers = await Promise.race([
    requireServers({ progress, names: logs ? [...names, "victoria-logs"] : names }),
    until(ending),
  ]);
  if (servers === undefined) return;
  await using all = new AsyncDisposableStack();
  // Neither the servers nor the listeners for signals keep this process up.
  const alive = setInterval(() => {}, 60_000);
  all.defer(() => {
    clearInterval(alive);
  });
  const stateDir = await mkdtemp(join(tmpdir(), "pyisolate-stack-"));
  all.defer(async () => {
    await rm(stateDir, { recursive: true, force: true });
  });
  const rules = (await readdir(RULES)).filter((file) => file.endsWith(".yaml"));
  const stack = await progress.step("Starting the servers on loopback", async () =>
    all.use(
      await startStack({
        servers,
        stateDir,
        victoriaLogs: logs,
        alertmanager: true,
        rules: rules.map((file) => join(RULES, file)),
      }),
    ),
  );
  if (ending.aborted) return;
  showAddresses(stack);
  const { collector } = stack;
  const services = load ? await startServices(collector.otlpEndpoint) : undefined;
  if (services !== undefined) {
    heading("Load");
    say("  plugins: five tenants in cells. uploads: guards of its own. Ctrl-C ends everything.");
  }
  const over = new AbortController();
  const untilOver = AbortSignal.any([ending, over.signal]);
  const store =
    stack.victoriaLogs === undefined ? {} : { logStore: stack.victoriaLogs.otlpEndpoint };
  const running =
    outageEvery > 0 && services !== undefined
      ? outages(collector, { binary: servers.otelcol, stateDir, ...store }, outageEvery, untilOver)
      : undefined;
  // Awaited below; without a handler here, an earlier rejection would end this process.
  running?.catch(() => {});
  all.defer(async () => {
    over.abort();
    // The failure is thrown below.
    await (await running?.catch(() => {}))?.stop();
  });
  // The services end first: they flush into a Collector that still runs.
  if (services !== undefined) all.use(services);
  const ends: Promise<unknown>[] = [until(ending), serverDied(stack, running === undefined)];
  if (services !== undefined) ends.push(services.died);
  if (running !== undefined) ends.push(running);
  await Promise.race(ends);
}

async function until(ending: AbortSignal): Promise<undefined> {
  if (!ending.aborted) await once(ending, "abort");
}

/** Rejects when a server ends; the Collector only where `outages` does not kill it. */
async function serverDied(stack: Stack, withCollector: boolean): Promise<never> {
  const { prometheus, alertmanager, victoriaLogs, collector } = stack;
  const servers: Record<string, Server | undefined> = {
    Prometheus: prometheus,
    Alertmanager: alertmanager,
    VictoriaLogs: victoriaLogs,
    ...(withCollector ? { "The Collector": collector } : {}),
  };
  return await Promise.race(
    Object.entries(servers).map(async ([name, server]) => {
      if (server === undefined) return await new Promise<never>(() => {});
      const { code, signal } = await server.exited;
      throw new StackError(
        "server-died",
        `${name} ended by itself (${signal ?? `exit code ${code}`}).`,
      );
    }),
  );
}

function showAddresses({ prometheus, alertmanager, victoriaLogs, collector }: Stack): void {
  heading("Servers");
  pairs([
    ["Prometheus", prometheus.url],
    ...(alertmanager === undefined ? [] : [["Alertmanager", alertmanager.url] as const]),
    ...(victoriaLogs === undefined ? [] : [["VictoriaLogs", victoriaLogs.url] as const]),
    ["OTLP/HTTP in", collector.otlpEndpoint],
    ["the Collector's own metrics", collector.telemetryUrl],
    ["log file", collector.logFile],
  ]);
  const logs = victoriaLogs === undefined ? "" : ` --victorialogs ${victoriaLogs.url}`;
  heading("To look at");
  pairs([
    ["a report", `pnpm report --prometheus ${prometheus.url}${logs} --from -15m`],
    ["alerts", `${prometheus.url}/api/v1/alerts`],
    ...(victoriaLogs === undefined
      ? []
      : [["records", `${victoriaLogs.url}/select/vmui`] as const]),
    [
      "dashboards",
      "packages/telemetry/dashboards/*-victorialogs.json, in a Grafana with these two data sources",
    ],
  ]);
}
