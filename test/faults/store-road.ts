import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  COLLECTOR_CONFIG,
  readLogFile,
  serversForTest,
  startCollector,
  type Collector,
  type CollectorOptions,
  type SkippableTest,
} from "@pyisolate/stack";

import { account, type Account, type DeniedLog } from "./account.ts";
import { failingServer, type Fault } from "./failing-server.ts";
import { ownCounters, type OwnCounters } from "./collector-counters.ts";
import { until } from "./until.ts";

const STORE = "otlp_http/store";

/** To the same store, in examples/recovery. */
const RECOVERY = "otlp_http/recovery";

/**
 * What the tests change in otel-collector.yaml: what goes to the store is readable here, and time passes faster. How long
 * it goes on trying is not touched.
 */
const FASTER = {
  encoding: "json",
  compression: "none",
  timeout: "1s",
  retry_on_failure: { initial_interval: "100ms", max_interval: "300ms" },
};

export interface RoadOptions extends Pick<CollectorOptions, "stateDir" | "env"> {
  /** Configuration files merged after otel-collector.yaml. */
  readonly more?: readonly string[];
}

/** The real Collector on the repository's otel-collector.yaml, and behind it a log store that fails. */
export async function startRoad(context: SkippableTest, fault: Fault, options: RoadOptions = {}) {
  const { otelcol: binary } = await serversForTest(context);
  const directory = await mkdtemp(join(tmpdir(), "pyisolate-road-"));
  const overlay = join(directory, "faster.yaml");
  const store = await failingServer(fault);
  // Checked even where no pipeline has it.
  const recovery = { ...FASTER, endpoint: store.endpoint };
  const exporters = { [STORE]: FASTER, [RECOVERY]: recovery };
  await writeFile(overlay, JSON.stringify({ exporters }));
  const settings: CollectorOptions = {
    binary,
    stateDir: options.stateDir ?? join(directory, "state"),
    config: [COLLECTOR_CONFIG, ...(options.more ?? []), overlay],
    logStore: store.endpoint,
    ...(options.env === undefined ? {} : { env: options.env }),
  };
  let collector = await startCollector(settings);
  const counters = async () => await ownCounters(collector.telemetryUrl, STORE);
  return {
    directory,
    settings,
    store,
    get collector(): Collector {
      return collector;
    },
    counters,
    /** Whether records wait for the store, and none has been given up or taken. */
    async held(): Promise<boolean> {
      const { queued, failed, sent } = await counters();
      return queued > 0 && failed === 0 && sent === 0;
    },
    /** Starts the Collector anew where it was, after it was stopped or killed. */
    async restart(): Promise<void> {
      collector = await startCollector({ ...settings, ports: collector.ports });
    },
    /** Waits until the Collector has nothing more to send, and says what it has given up. */
    async settled(): Promise<OwnCounters> {
      return await until("the Collector's queue", counters, ({ queued }) => queued === 0);
    },
    /** What reached the store, and what is in the Collector's file: one line for each. */
    async accounts(title: string, denied: number, lost: Account["lost"]) {
      const { logs } = await readLogFile(collector.logFile);
      return {
        atStore: account(title, denied, store.logs, lost),
        inFile: account(`${title}, in the Collector's file`, denied, logs),
      };
    },
    /** Ids that the file has and the store has not. */
    async missing(): Promise<number> {
      const { logs } = await readLogFile(collector.logFile);
      return ids(logs).difference(ids(store.logs)).size;
    },
    async [Symbol.asyncDispose]() {
      await collector.stop();
      await store[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function ids(logs: readonly DeniedLog[]): Set<unknown> {
  return new Set(logs.map(({ attributes }) => attributes["pyisolate.denial.id"]));
}
