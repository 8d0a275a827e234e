import { type Alertmanager, startAlertmanager } from "./alertmanager.ts";
import type { ServerName } from "./bundles.ts";
import { type Collector, type CollectorOptions, startCollector } from "./collector.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";
import { createPromtool, type Promtool } from "./promtool.ts";
import type { Server } from "./server.ts";
import { requireServers, ROAD, type Servers } from "./servers.ts";
import { startVictoriaLogs, type VictoriaLogs } from "./victorialogs.ts";

export interface StackOptions extends Omit<CollectorOptions, "binary"> {
  /** Binaries; those that are wanted and not given are found or built. */
  readonly servers?: Partial<Servers<ServerName>>;
  /** Rule files for Prometheus, absolute. */
  readonly rules?: readonly string[];
  /** Starts a VictoriaLogs that the Collector sends records to. */
  readonly victoriaLogs?: boolean;
  /** Starts an Alertmanager that Prometheus sends alerts to. */
  readonly alertmanager?: boolean;
}

/** A Collector, the Prometheus that scrapes it and its own metrics (job `otelcol`), and what else was asked for. */
export interface Stack extends AsyncDisposable {
  readonly collector: Collector;
  readonly prometheus: Prometheus;
  readonly promtool: Promtool;
  readonly victoriaLogs?: VictoriaLogs;
  readonly alertmanager?: Alertmanager;
  /** Stops the servers, the last one of the road first: none then loses what it receives from. */
  stop(): Promise<void>;
  /** Lets all outlive this process. */
  keep(): void;
}

/** The stack that options ask for: what they name is there. */
export type StackOf<Options extends StackOptions> = Stack &
  (Options extends { readonly victoriaLogs: true }
    ? { readonly victoriaLogs: VictoriaLogs }
    : unknown) &
  (Options extends { readonly alertmanager: true }
    ? { readonly alertmanager: Alertmanager }
    : unknown);

/**
 * Starts the whole road on loopback: OTLP → Collector → Prometheus and log file; VictoriaLogs and Alertmanager too where they are
 * asked for, and neither looked for nor built where not.
 *
 * @example
 * ```ts
 * await using stack = await startStack({ victoriaLogs: true });
 * process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = stack.collector.otlpEndpoint;
 * // ... denials ...
 * await stack.prometheus.waitFor("sum(pyisolate_denials_total)", ([sum]) => sum?.value === 3);
 * await waitForLogs(stack.collector.logFile, (logs) => logs.length === 3);
 * await stack.victoriaLogs.waitFor('service.name:="plugins"', (records) => records.length === 3);
 * ```
 *
 * @throws {StackError} Nothing is left running.
 */
export async function startStack<const Options extends StackOptions>(
  options?: Options,
): Promise<StackOf<Options>>;
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { rules, victoriaLogs: wantsStore, alertmanager: wantsAlertmanager, ...own } = options;
  const binaries = await binariesFor(options);
  const started: Server[] = [];
  const start = async <S extends Server>(starting: Promise<S>): Promise<S> => {
    const server = await starting;
    started.unshift(server);
    return server;
  };
  const stop = async () => {
    for (const server of started) await server.stop();
  };
  try {
    const store =
      wantsStore === true
        ? await start(startVictoriaLogs({ binary: binaries["victoria-logs"] }))
        : undefined;
    const collector = await start(
      startCollector({
        ...(store === undefined ? {} : { logStore: store.otlpEndpoint }),
        ...own,
        binary: binaries.otelcol,
      }),
    );
    const alertmanager =
      wantsAlertmanager === true
        ? await start(startAlertmanager({ binary: binaries.alertmanager }))
        : undefined;
    const prometheus = await start(
      startPrometheus({
        binary: binaries.prometheus,
        targets: [
          { job: "pyisolate", url: collector.prometheusEndpoint },
          { job: "otelcol", url: collector.telemetryUrl },
        ],
        ...(rules === undefined ? {} : { rules }),
        ...(alertmanager === undefined ? {} : { alertmanager: alertmanager.url }),
      }),
    );
    return {
      collector,
      prometheus,
      promtool: createPromtool(binaries.promtool),
      ...(store === undefined ? {} : { victoriaLogs: store }),
      ...(alertmanager === undefined ? {} : { alertmanager }),
      stop,
      keep() {
        for (const server of started) server.keep();
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function binariesFor(options: StackOptions): Promise<Servers<ServerName>> {
  const wanted: ServerName[] = [...ROAD];
  if (options.victoriaLogs === true) wanted.push("victoria-logs");
  if (options.alertmanager === true) wanted.push("alertmanager");
  const given = options.servers ?? {};
  const names = wanted.filter((name) => given[name] === undefined);
  return { ...(await requireServers({ names })), ...given };
}
