import { type Collector, type CollectorOptions, startCollector } from "./collector.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";
import { createPromtool, type Promtool } from "./promtool.ts";
import type { Server } from "./server.ts";
import { requireServers, type Servers } from "./servers.ts";

export interface StackOptions extends Omit<CollectorOptions, "binary"> {
  /** Binaries; found or built unless given. */
  readonly servers?: Servers;
  /** Rule files for Prometheus, absolute. */
  readonly rules?: readonly string[];
}

/** A Collector and the Prometheus that scrapes it. */
export interface Stack extends AsyncDisposable {
  readonly collector: Collector;
  readonly prometheus: Prometheus;
  readonly promtool: Promtool;
  /** Prometheus first, so that it does not see the Collector go. */
  stop(): Promise<void>;
  /** Lets both outlive this process. */
  keep(): void;
}

/**
 * Starts the whole road on loopback: OTLP → Collector → Prometheus and log file.
 *
 * @example
 * ```ts
 * await using stack = await startStack();
 * process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = stack.collector.otlpEndpoint;
 * // ... denials ...
 * await stack.prometheus.waitFor("sum(pyisolate_denials_total)", ([sum]) => sum?.value === 3);
 * await waitForLogs(stack.collector.logFile, (logs) => logs.length === 3);
 * ```
 *
 * @throws {StackError} Nothing is left running.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { servers = await requireServers(), rules, ...forCollector } = options;
  const collector = await startCollector({ ...forCollector, binary: servers.otelcol });
  let prometheus: Prometheus;
  try {
    prometheus = await startPrometheus({
      binary: servers.prometheus,
      targets: [
        { job: "pyisolate", url: collector.prometheusEndpoint },
        { job: "otelcol", url: collector.telemetryUrl },
      ],
      ...(rules === undefined ? {} : { rules }),
    });
  } catch (error) {
    await collector.stop();
    throw error;
  }
  const each: readonly Server[] = [prometheus, collector];
  const stop = async () => {
    for (const server of each) await server.stop();
  };
  return {
    collector,
    prometheus,
    promtool: createPromtool(servers.promtool),
    stop,
    keep() {
      for (const server of each) server.keep();
    },
    [Symbol.asyncDispose]: stop,
  };
}
