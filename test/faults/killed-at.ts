import { spawn } from "node:child_process";
import { once } from "node:events";

import type { Collector, CollectorOptions } from "@pyisolate/stack";

/** Starts a Collector in place of one that is gone, and kills it when its log has this text, long before it is ready. */
export async function killedAt(
  words: string,
  { ports, stateDir }: Pick<Collector, "ports" | "stateDir">,
  { binary, config = [], logStore }: CollectorOptions,
): Promise<void> {
  const child = spawn(
    binary,
    [config].flat().flatMap((path) => ["--config", path]),
    {
      env: {
        ...process.env,
        OTELCOL_OTLP_HTTP_ENDPOINT: `127.0.0.1:${ports.otlpHttp}`,
        OTELCOL_OTLP_GRPC_ENDPOINT: `127.0.0.1:${ports.otlpGrpc}`,
        OTELCOL_PROMETHEUS_ENDPOINT: `127.0.0.1:${ports.prometheus}`,
        OTELCOL_HEALTH_ENDPOINT: `127.0.0.1:${ports.health}`,
        OTELCOL_TELEMETRY_PORT: String(ports.telemetry),
        OTELCOL_STATE_DIR: stateDir,
        OTELCOL_LOGS_EXPORTERS: "[file, otlp_http/store]",
        OTELCOL_LOGS_OTLP_ENDPOINT: logStore,
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const exited = once(child, "exit");
  let said = "";
  // Ends it as well if the text never comes.
  const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.includes(words)) child.kill("SIGKILL");
  });
  await exited;
  clearTimeout(patience);
  if (!said.includes(words)) throw new Error(`The Collector never said "${words}":\n${said}`);
}
