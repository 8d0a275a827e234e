import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import {
  COLLECTOR_CONFIG,
  startCollector,
  type Collector,
  type CollectorOptions,
  type CollectorPorts,
} from "@pyisolate/stack";

const EXAMPLE = fileURLToPath(new URL("../../examples/scale-out/", import.meta.url));

/** What tests change in the example: failed tries come back sooner. */
const SOONER = { initial_interval: "100ms", max_interval: "300ms" };

export interface Tiers {
  readonly binary: string;
  /** For all that they write. */
  readonly directory: string;
  /** Base of the log store's OTLP/HTTP. */
  readonly store: string;
}

/** How to start the gateway of this name; with its ports, to start it again. */
export async function gateway(name: string, tiers: Tiers): Promise<CollectorOptions> {
  const exporters = { "otlp_http/store": { retry_on_failure: SOONER } };
  return await options(name, "gateway.yaml", exporters, tiers, { logStore: tiers.store });
}

/** How to start the agent of this name; its variables say where the gateways are. */
export async function agent(
  name: string,
  env: Readonly<Record<string, string>>,
  tiers: Tiers,
): Promise<CollectorOptions> {
  const exporters = {
    "load_balancing/logs": { retry_on_failure: SOONER },
    "otlp_grpc/gateways": { retry_on_failure: SOONER },
    "load_balancing/metrics": { retry_on_failure: SOONER },
  };
  return await options(name, "agent.yaml", exporters, tiers, { env });
}

/** Starts the agent of this name in front of these gateways; on free ports unless given. */
export async function startAgent(
  name: string,
  gateways: readonly Collector[],
  tiers: Tiers,
  ports?: CollectorPorts,
): Promise<Collector> {
  const addresses = gateways.map(({ otlpGrpcEndpoint }) => new URL(otlpGrpcEndpoint).host);
  const settings = await agent(name, { OTELCOL_GATEWAYS: `[${addresses.join(", ")}]` }, tiers);
  return await startCollector(ports === undefined ? settings : { ...settings, ports });
}

async function options(
  name: string,
  example: string,
  exporters: object,
  { binary, directory }: Tiers,
  more: Partial<CollectorOptions>,
): Promise<CollectorOptions> {
  const overlay = join(directory, `${name}.yaml`);
  await writeFile(overlay, JSON.stringify({ exporters }));
  return {
    binary,
    stateDir: join(directory, name),
    config: [COLLECTOR_CONFIG, join(EXAMPLE, example), overlay],
    ...more,
  };
}
