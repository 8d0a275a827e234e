import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { BUILD_TIMEOUT_MS, startCollector } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { account } from "./account.ts";
import type { Fault } from "./failing-server.ts";
import { ownCounters } from "./collector-counters.ts";
import { startService } from "./service.ts";
import { startRoad } from "./store-road.ts";
import { until } from "./until.ts";

/**
 * Asks for a pause of ten minutes, twice as long as a Collector tries by default: one that would give up by then does so at
 * once, so that the test need not wait for it.
 */
const LATER: Fault = (response) => response.writeHead(503, { "retry-after": "600" }).end();

/** A Collector's configuration with an input and an output only: all else has its default. */
function usualConfig(store: string) {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: "${env:OTELCOL_OTLP_HTTP_ENDPOINT}" } } } },
    exporters: { otlp_http: { endpoint: store } },
    extensions: { health_check: { endpoint: "${env:OTELCOL_HEALTH_ENDPOINT}" } },
    service: {
      extensions: ["health_check"],
      pipelines: { logs: { receivers: ["otlp"], exporters: ["otlp_http"] } },
      telemetry: {
        metrics: {
          readers: [
            {
              pull: {
                exporter: {
                  prometheus: {
                    host: "127.0.0.1",
                    port: "${env:OTELCOL_TELEMETRY_PORT}",
                    without_type_suffix: false,
                  },
                },
              },
            },
          ],
        },
      },
    },
  };
}

test(
  "a store that is down for longer than a Collector usually tries: the usual one drops all, this one nothing",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await using road = await startRoad(context, LATER);
    const config = join(road.directory, "usual.yaml");
    await writeFile(config, JSON.stringify(usualConfig(road.store.endpoint)));
    const { binary } = road.settings;
    const stateDir = join(road.directory, "usual");
    await using usual = await startCollector({ binary, config, stateDir });

    const denied = 300;
    for (const { otlpEndpoint: endpoint } of [usual, road.collector]) {
      const service = startService({ endpoint });
      service.deny(denied);
      expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });
    }

    const { failed } = await until(
      "what the usual Collector drops",
      async () => await ownCounters(usual.telemetryUrl, "otlp_http"),
      (counters) => counters.failed === denied,
    );
    const lost = { given_up: failed };
    expect(account("store down too long, usual Collector", denied, [], lost).residual).toBe(0);
    expect(await road.held()).toBe(true);

    // It would wait ten minutes as it was asked to; a new start asks again.
    road.store.recover();
    await road.collector.stop();
    await road.restart();
    await road.settled();
    const { atStore, inFile } = await road.accounts("store down too long", denied, {});
    for (const each of [atStore, inFile])
      expect(each).toMatchObject({ duplicates: 0, residual: 0 });
  },
);
