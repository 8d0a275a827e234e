/**
 * The Collector's version. The newest at which the Go module proxy serves every component below: later ones lack the
 * count connector, the Prometheus exporter or the OTLP JSON file receiver.
 */
export const COLLECTOR_VERSION = "0.158.0";
/** The version of the Collector's stable modules (1.0 and later) that belongs to 0.158.0. */
const STABLE_VERSION = "1.64.0";

const CORE = "go.opentelemetry.io/collector";
const CONTRIB = "github.com/open-telemetry/opentelemetry-collector-contrib";

interface Component {
  /** As a configuration names it. */
  readonly type: string;
  readonly module: string;
  /** Whether otel-collector.yaml or an example names it, so that a Collector without it will not do. */
  readonly required: boolean;
}

export type ComponentKind = "receivers" | "processors" | "connectors" | "exporters" | "extensions";

/** What is built in: all that otel-collector.yaml names, and what spooling, counting and scaling out will need. */
export const COMPONENTS: Readonly<Record<ComponentKind, readonly Component[]>> = {
  receivers: [
    { type: "otlp", module: `${CORE}/receiver/otlpreceiver`, required: true },
    { type: "otlp_json_file", module: `${CONTRIB}/receiver/otlpjsonfilereceiver`, required: true },
  ],
  processors: [
    { type: "memory_limiter", module: `${CORE}/processor/memorylimiterprocessor`, required: true },
    { type: "transform", module: `${CONTRIB}/processor/transformprocessor`, required: true },
    { type: "redaction", module: `${CONTRIB}/processor/redactionprocessor`, required: true },
    { type: "resource", module: `${CONTRIB}/processor/resourceprocessor`, required: false },
    { type: "filter", module: `${CONTRIB}/processor/filterprocessor`, required: true },
    {
      type: "delta_to_cumulative",
      module: `${CONTRIB}/processor/deltatocumulativeprocessor`,
      required: false,
    },
  ],
  connectors: [{ type: "count", module: `${CONTRIB}/connector/countconnector`, required: false }],
  exporters: [
    { type: "otlp_http", module: `${CORE}/exporter/otlphttpexporter`, required: true },
    { type: "otlp_grpc", module: `${CORE}/exporter/otlpexporter`, required: true },
    { type: "debug", module: `${CORE}/exporter/debugexporter`, required: false },
    { type: "prometheus", module: `${CONTRIB}/exporter/prometheusexporter`, required: true },
    { type: "file", module: `${CONTRIB}/exporter/fileexporter`, required: true },
    {
      type: "load_balancing",
      module: `${CONTRIB}/exporter/loadbalancingexporter`,
      required: true,
    },
  ],
  extensions: [
    { type: "file_storage", module: `${CONTRIB}/extension/storage/filestorage`, required: true },
    { type: "health_check", module: `${CONTRIB}/extension/healthcheckextension`, required: true },
    {
      type: "bearertokenauth",
      module: `${CONTRIB}/extension/bearertokenauthextension`,
      required: false,
    },
  ],
};

/**
 * The Collector Builder's manifest, as JSON, which is YAML.
 *
 * @param paths Where the builder writes sources and binary, and the Go command it uses.
 */
export function collectorManifest(paths: { readonly output: string; readonly go: string }): string {
  const modules = Object.entries(COMPONENTS).map(([kind, components]) => [
    kind,
    components.map(({ module }) => ({ gomod: `${module} v${COLLECTOR_VERSION}` })),
  ]);
  return JSON.stringify({
    dist: {
      module: "pyisolate.example/otelcol",
      name: "otelcol",
      description: "OpenTelemetry Collector with what otel-collector.yaml needs",
      version: COLLECTOR_VERSION,
      output_path: paths.output,
      go: paths.go,
    },
    ...Object.fromEntries(modules),
    // Not http and https: a configuration that is fetched from elsewhere is not under the operator's control.
    providers: ["file", "env", "yaml"].map((provider) => ({
      gomod: `${CORE}/confmap/provider/${provider}provider v${STABLE_VERSION}`,
    })),
  });
}
