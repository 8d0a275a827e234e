import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkAlertmanagerConfig } from "./alertmanager.ts";
import { ALERTMANAGER_VERSION, PROMETHEUS_VERSION, SERVER_NAMES } from "./bundles.ts";
import { COLLECTOR_CONFIG, validateConfig } from "./collector.ts";
import { serversForTest } from "./in-tests.ts";
import { LOKI_VERSION } from "./loki-module.ts";
import { startLoki, validateLokiConfig } from "./loki.ts";
import { COLLECTOR_VERSION } from "./manifest.ts";
import { createPromtool } from "./promtool.ts";
import { BUILD_TIMEOUT_MS } from "./servers.ts";

// There is no container engine where this is tested: what one would do is held against files and the real servers.

interface Service {
  readonly image: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData: {
    readonly timeInterval?: string;
    readonly alertmanagerUid?: string;
    readonly derivedFields?: readonly {
      readonly matcherType: string;
      readonly matcherRegex: string;
      readonly datasourceUid: string;
      readonly url: string;
    }[];
  };
}

const folder = join(import.meta.dirname, "../../compose");

async function read<T>(name: string): Promise<T> {
  return parse(await readFile(join(folder, name), "utf8")) as T;
}

const { services, volumes } = await read<{
  services: Record<"collector" | "prometheus" | "loki" | "alertmanager" | "grafana", Service>;
  volumes: Record<string, null>;
}>("compose.yaml");
const { datasources } = await read<{ datasources: DataSource[] }>("grafana/datasources.yaml");
const prometheusConfig = await read<{
  global: { scrape_interval: string };
  rule_files: string[];
  alerting: { alertmanagers: [{ static_configs: [{ targets: string[] }] }] };
  scrape_configs: { static_configs: [{ targets: string[] }] }[];
}>("prometheus.yml");

/** Its bind mounts: path on the host, absolute, and in the container. */
function mounts({ volumes: all }: Service): { readonly from: string; readonly to: string }[] {
  return all.flatMap((volume) => {
    const [from = "", to = "", mode] = volume.split(":");
    if (!from.startsWith(".")) return [];
    expect(mode, volume).toBe("ro");
    return [{ from: join(folder, from), to }];
  });
}

test("each server is the version that is built and tested here, Grafana a version of its own", () => {
  expect(Object.values(services).map(({ image }) => image)).toEqual([
    `otel/opentelemetry-collector-contrib:${COLLECTOR_VERSION}`,
    `prom/prometheus:v${PROMETHEUS_VERSION}`,
    `grafana/loki:${LOKI_VERSION}`,
    `prom/alertmanager:v${ALERTMANAGER_VERSION}`,
    expect.stringMatching(/^grafana\/grafana:\d+\.\d+\.\d+$/),
  ]);
});

test("every port is published to loopback only, as the same number, once", () => {
  const ports = Object.values(services).flatMap((service) => service.ports);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  expect(new Set(ports).size).toBe(ports.length);
});

test("what is mounted is there and read-only, every other volume declared and used", async () => {
  const named = Object.values(services).flatMap((service) =>
    service.volumes
      .map((volume) => volume.split(":")[0] ?? "")
      .filter((from) => !from.startsWith(".")),
  );
  expect(named.toSorted((a, b) => a.localeCompare(b))).toEqual(
    Object.keys(volumes).toSorted((a, b) => a.localeCompare(b)),
  );
  const all = Object.values(services).flatMap((service) => mounts(service));
  expect(all.length).toBeGreaterThan(6);
  for (const { from } of all) await expect(stat(from), from).resolves.toBeDefined();
});

test.for([
  ["collector", COLLECTOR_CONFIG, /^OTELCOL_/],
  ["loki", join(folder, "loki.yaml"), /^LOKI_/],
] as const)(
  "the variables of %s are ones that its configuration reads",
  async ([name, config, prefix]) => {
    const text = await readFile(config, "utf8");
    const set = Object.keys(services[name].environment ?? {}).filter((key) => prefix.test(key));
    expect(set).not.toEqual([]);
    for (const key of set) expect(text).toMatch(new RegExp(`\\$\\{(env:)?${key}:-`));
  },
);

test("who asks another finds it: data sources, scrapes, alerts and the log store name services and their ports", () => {
  const published = Object.entries(services).flatMap(([name, { ports }]) =>
    ports.map((port) => `${name}:${port.split(":")[2] ?? ""}`),
  );
  // Not for others than Prometheus.
  published.push("collector:8888");
  const asked = [
    ...datasources.map(({ url }) => new URL(url).host),
    ...prometheusConfig.scrape_configs.flatMap(({ static_configs: [{ targets }] }) => targets),
    ...prometheusConfig.alerting.alertmanagers[0].static_configs[0].targets,
    new URL(services.collector.environment?.["OTELCOL_LOGS_OTLP_ENDPOINT"] ?? "").host,
  ];
  expect(asked).toHaveLength(7);
  expect(published).toEqual(expect.arrayContaining(asked));
});

test("Grafana's data sources have the uids that are promised, and know Prometheus' interval", () => {
  expect(datasources.map(({ uid, type }) => [uid, type])).toEqual([
    ["prometheus", "prometheus"],
    ["loki", "loki"],
    ["alertmanager", "alertmanager"],
  ]);
  const [prometheus] = datasources;
  expect(prometheus?.jsonData).toMatchObject({
    timeInterval: prometheusConfig.global.scrape_interval,
    alertmanagerUid: "alertmanager",
  });
});

test("Grafana's dashboards are those of the telemetry package, one of them its home", async () => {
  const { providers } = await read<{ providers: [{ options: { path: string } }] }>(
    "grafana/dashboards.yaml",
  );
  const { path } = providers[0].options;
  const mount = mounts(services.grafana).find(({ to }) => to === path);
  const names = await readdir(mount?.from ?? "");
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect(name).toMatch(/\.json$/);
  const home = services.grafana.environment?.["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] ?? "";
  expect(names.map((name) => join(path, name))).toContain(home);
});

test(
  "the servers accept what compose gives them",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const servers = await serversForTest(context, SERVER_NAMES);
    const env = { ...services.collector.environment };
    await validateConfig({ binary: servers.otelcol, env });
    await validateLokiConfig({ binary: servers.loki, env: { ...services.loki.environment } });
    const alertmanager = await checkAlertmanagerConfig(servers.amtool);
    expect(alertmanager.ok, alertmanager.output).toBe(true);

    // As in the container, where the rules are beside the configuration.
    const container = await mkdtemp(join(tmpdir(), "stack-compose-"));
    try {
      for (const { from, to } of mounts(services.prometheus))
        await cp(from, join(container, to), { recursive: true });
      const prometheus = await createPromtool(servers.promtool).checkConfig(
        join(container, "etc/prometheus/prometheus.yml"),
      );
      expect(prometheus.ok, prometheus.output).toBe(true);
      expect(prometheus.output).toMatch(/SUCCESS: \d+ rules found/);
    } finally {
      await rm(container, { recursive: true, force: true });
    }
  },
);

test(
  "a record's trace leads to the other records of its request",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { loki: binary } = await serversForTest(context, ["loki"]);
    const [link] = datasources.find(({ uid }) => uid === "loki")?.jsonData.derivedFields ?? [];
    expect(link).toMatchObject({ matcherType: "label", datasourceUid: "loki" });
    await using loki = await startLoki({ binary });
    const traces = [
      "5b8efff798038103d269b633813fc60c",
      "5b8efff798038103d269b633813fc60c",
      "0af7651916cd43dd8448eb211c80319c",
    ];
    const logRecords = traces.map((traceId, index) => ({
      traceId,
      spanId: "eee19b7ec3c1b174",
      timeUnixNano: `${Date.now() - index}000000`,
      body: { stringValue: `denied ${index}` },
    }));
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "plugins" } }] };
    await fetch(`${loki.otlpEndpoint}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }),
    });
    const [last] = (
      await loki.waitFor('{service_name="plugins"}', (all) => all.length === 3)
    ).toReversed();
    const label = last?.metadata[link?.matcherRegex ?? ""] ?? "";
    expect(label).toBe(traces[0]);
    // What Grafana makes of the file, and then of the link.
    const query = link?.url.replace("$${__value.raw}", label) ?? "";
    await loki.waitFor(query, (found) => found.length === 2);
  },
);
