import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { checkAlertmanagerConfig } from "./alertmanager.ts";
import {
  ALERTMANAGER_VERSION,
  PROMETHEUS_VERSION,
  SERVER_NAMES,
  VICTORIALOGS_VERSION,
} from "./bundles.ts";
import { COLLECTOR_CONFIG, startCollector, validateConfig } from "./collector.ts";
import { serversForTest } from "./servers-for-test.ts";
import { COLLECTOR_VERSION } from "./collector-manifest.ts";
import { createPromtool } from "./promtool.ts";
import { BUILD_TIMEOUT_MS } from "./servers.ts";
import { startVictoriaLogs, VICTORIALOGS_FLAGS } from "./victorialogs.ts";

// There is no container engine where this is tested: what one would do is held against files and the real servers.

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
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

const folder = join(import.meta.dirname, "../../../examples/compose");

async function read<T>(name: string): Promise<T> {
  return parse(await readFile(join(folder, name), "utf8")) as T;
}

/** What would run with this file of variables, and the data sources that Grafana would get. */
async function composed(envFile: string) {
  const env = parseEnv(await readFile(join(folder, envFile), "utf8"));
  const text = (await readFile(join(folder, "compose.yaml"), "utf8")).replaceAll(
    /\$\{(\w+)(:?)-([^}]*)\}/g,
    (_, name: string, orEmpty: string, otherwise: string) => {
      const value = env[name];
      return value === undefined || (orEmpty === ":" && value === "") ? otherwise : value;
    },
  );
  expect(text).not.toContain("${");
  const { services, volumes } = parse(text) as {
    services: Record<string, Service>;
    volumes: Record<string, null>;
  };
  const profiles = env["COMPOSE_PROFILES"]?.split(",") ?? [];
  const running = new Map(
    Object.entries(services).filter(
      ([, { profiles: of = profiles }]) =>
        of.length === 0 || of.some((one) => profiles.includes(one)),
    ),
  );
  const service = (name: string): Service => {
    const found = running.get(name);
    if (found === undefined) throw new Error(`${name} does not run with ${envFile}`);
    return found;
  };
  const mounted = mounts(service("grafana")).find(({ to }) => to.includes("/datasources/"));
  const { datasources } = parse(await readFile(mounted?.from ?? "", "utf8")) as {
    datasources: DataSource[];
  };
  return { all: services, volumes, running, service, datasources };
}

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

const inOrder = (names: Iterable<string>) => [...names].toSorted((a, b) => a.localeCompare(b));

const usual = await composed(".env");
const withLoki = await composed("loki.env");

test("each server is the version that is built and tested here, Grafana a version of its own, and Loki only where it is asked for", () => {
  const images = ({ running }: typeof usual) => [...running.values()].map(({ image }) => image);
  const first = [
    `otel/opentelemetry-collector-contrib:${COLLECTOR_VERSION}`,
    `prom/prometheus:v${PROMETHEUS_VERSION}`,
  ];
  const last = [
    `prom/alertmanager:v${ALERTMANAGER_VERSION}`,
    expect.stringMatching(/^grafana\/grafana:\d+\.\d+\.\d+$/) as string,
  ];
  expect(images(usual)).toEqual([
    ...first,
    `victoriametrics/victoria-logs:v${VICTORIALOGS_VERSION}`,
    ...last,
  ]);
  expect(images(withLoki)).toEqual([
    ...first,
    expect.stringMatching(/^grafana\/loki:\d+\.\d+\.\d+$/) as string,
    ...last,
  ]);
});

test("the store has the flags there that it has here", () => {
  const { command = [] } = usual.service("victorialogs");
  expect(command).toEqual(["-storageDataPath=/victoria-logs-data", ...VICTORIALOGS_FLAGS]);
});

test("every port is published to loopback only, as the same number, once", () => {
  const ports = Object.values(usual.all).flatMap((service) => service.ports);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  expect(new Set(ports).size).toBe(ports.length);
});

test("every volume is declared and used", () => {
  const named = Object.values(usual.all).flatMap((service) =>
    service.volumes
      .map((volume) => volume.split(":")[0] ?? "")
      .filter((from) => !from.startsWith(".")),
  );
  expect(inOrder(named)).toEqual(inOrder(Object.keys(usual.volumes)));
});

test.for([
  ["collector", COLLECTOR_CONFIG, /^OTELCOL_/],
  ["loki", join(folder, "loki.yaml"), /^LOKI_/],
] as const)(
  "the variables of %s are ones that its configuration reads",
  async ([name, config, prefix]) => {
    const text = await readFile(config, "utf8");
    const { environment = {} } = usual.all[name] ?? { environment: {} };
    const set = Object.keys(environment).filter((key) => prefix.test(key));
    expect(set).not.toEqual([]);
    for (const key of set) expect(text).toMatch(new RegExp(`\\$\\{(env:)?${key}:-`));
  },
);

describe.each([
  { store: "victorialogs", type: "victoriametrics-logs-datasource", world: usual },
  { store: "loki", type: "loki", world: withLoki },
])("with $store", ({ store, type, world }) => {
  const { running, service, datasources } = world;

  test("what is mounted is there and read-only", async () => {
    const all = [...running.values()].flatMap((each) => mounts(each));
    expect(all.length).toBeGreaterThan(6);
    for (const { from } of all) await expect(stat(from), from).resolves.toBeDefined();
  });

  test("who asks another finds it: data sources, scrapes, alerts and the log store name services and their ports", () => {
    const published = [...running].flatMap(([name, { ports }]) =>
      ports.map((port) => `${name}:${port.split(":")[2] ?? ""}`),
    );
    // The Collector's own metrics: not published, and asked for by Prometheus alone.
    published.push("collector:8888");
    const asked = [
      ...datasources.map(({ url }) => new URL(url).host),
      ...prometheusConfig.scrape_configs.flatMap(({ static_configs: [{ targets }] }) => targets),
      ...prometheusConfig.alerting.alertmanagers[0].static_configs[0].targets,
      new URL(service("collector").environment?.["OTELCOL_LOGS_OTLP_ENDPOINT"] ?? "").host,
    ];
    expect(asked).toHaveLength(7);
    expect(published).toEqual(expect.arrayContaining(asked));
  });

  test("Grafana's data sources have the uids that are promised, and know Prometheus' interval", () => {
    expect(datasources.map((each) => [each.uid, each.type])).toEqual([
      ["prometheus", "prometheus"],
      [store, type],
      ["alertmanager", "alertmanager"],
    ]);
    const [prometheus] = datasources;
    expect(prometheus?.jsonData).toMatchObject({
      timeInterval: prometheusConfig.global.scrape_interval,
      alertmanagerUid: "alertmanager",
    });
  });

  test("Grafana has the plugin that the store needs, and the two dashboards that ask it, one of them its home", async () => {
    const { environment = {} } = service("grafana");
    const plugins = environment["GF_PLUGINS_PREINSTALL_SYNC"] ?? "";
    expect(plugins.replace(/@\d+\.\d+\.\d+$/, "")).toBe(type === "loki" ? "" : type);
    const { providers } = await read<{ providers: [{ options: { path: string } }] }>(
      "grafana/dashboards.yaml",
    );
    const { path } = providers[0].options;
    const boards = mounts(service("grafana")).filter(({ to }) => to.startsWith(`${path}/`));
    expect(boards.map(({ to }) => to)).toContain(
      environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"],
    );
    expect(boards).toHaveLength(2);
    for (const { from } of boards) {
      const asked = new Set(
        [...(await readFile(from, "utf8")).matchAll(/"type": "([\w-]+)",\s+"uid": "\$/g)].map(
          ([, each]) => each,
        ),
      );
      expect(asked, from).toEqual(new Set(["prometheus", type]));
    }
  });
});

test("every dashboard of the telemetry package is one of a store's", async () => {
  const shipped = await readdir(join(folder, "../../packages/telemetry/dashboards"));
  const mounted = [usual, withLoki].flatMap(({ service }) =>
    mounts(service("grafana")).map(({ from }) => from.slice(from.lastIndexOf("/") + 1)),
  );
  expect(mounted).toEqual(expect.arrayContaining(shipped));
});

test(
  "the servers accept what compose gives them",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const servers = await serversForTest(context, SERVER_NAMES);
    for (const { service } of [usual, withLoki]) {
      const env = { ...service("collector").environment };
      await validateConfig({ binary: servers.otelcol, env });
    }
    const alertmanager = await checkAlertmanagerConfig(servers.amtool);
    expect(alertmanager.ok, alertmanager.output).toBe(true);

    // As in the container, where the rules are beside the configuration.
    const container = await mkdtemp(join(tmpdir(), "stack-compose-"));
    try {
      for (const { from, to } of mounts(usual.service("prometheus")))
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
    const servers = await serversForTest(context, ["victoria-logs", "otelcol"]);
    const [link] =
      usual.datasources.find(({ uid }) => uid === "victorialogs")?.jsonData.derivedFields ?? [];
    expect(link).toMatchObject({ matcherType: "label", datasourceUid: "victorialogs" });
    await using store = await startVictoriaLogs({ binary: servers["victoria-logs"] });
    await using collector = await startCollector({
      binary: servers.otelcol,
      logStore: store.otlpEndpoint,
    });
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
    await fetch(`${collector.otlpEndpoint}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }),
    });
    const [last] = (
      await store.waitFor('service.name:="plugins"', (all) => all.length === 3)
    ).toReversed();
    const label = last?.fields[link?.matcherRegex ?? ""] ?? "";
    expect(label).toBe(traces[0]);
    // What Grafana makes of the file, and then of the link.
    const query = link?.url.replace("$${__value.raw}", label) ?? "";
    await store.waitFor(query, (found) => found.length === 2);
  },
);
