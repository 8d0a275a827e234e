import type { Collector } from "@pyisolate/stack";

import { ownCounters } from "../faults/collector-counters.ts";
import { startService } from "../faults/service.ts";

/** On each host. Enough that hardly ever all of them get the same gateway: which one hangs on its port. */
const SERVICES = 12;

/** Services on as many hosts as there are agents, each sending to its own. */
export function startServices(agents: readonly Collector[]) {
  return agents.flatMap(({ otlpEndpoint: endpoint }, host) =>
    Array.from({ length: SERVICES }, (_, number) =>
      startService({
        endpoint,
        metrics: "otlp",
        serviceName: `plugins-${host}-${number}`,
        shutdownTimeoutMillis: 20_000,
      }),
    ),
  );
}

/** What waits in the queues of these Collectors for one of their exporters. */
export async function waitingAt(
  collectors: readonly Collector[],
  exporter: string,
): Promise<number> {
  const counters = collectors.map(({ telemetryUrl }) => ownCounters(telemetryUrl, exporter));
  return (await Promise.all(counters)).reduce((sum, { queued }) => sum + queued, 0);
}
