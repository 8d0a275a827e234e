import {
  flag,
  isRecord,
  mustBe,
  nonEmptyText,
  oneOf,
  type OptionChecks,
  optionsOf,
  readOptions,
  whole,
} from "@pyisolate/policy/options";

/** Where metrics go. Only one way at a time: with both, a `sum` would count every denial twice. */
export const METRIC_PATHS = ["otlp", "prometheus", "none"] as const;
export const LOG_PATHS = ["otlp", "none"] as const;

/** The values of `durability`. */
const DURABILITIES = ["sync"] as const;

export interface TelemetryOptions {
  /** `service.name`, the `job` in Prometheus. Default: OTEL_SERVICE_NAME. */
  readonly serviceName?: string;
  /** `service.version`. */
  readonly serviceVersion?: string;
  /** Base URL of an OTLP/HTTP receiver, to which `/v1/logs` and `/v1/metrics` are added. Default http://127.0.0.1:4318 */
  readonly endpoint?: string;
  /** Default "otlp". "prometheus" serves `/metrics` in this process, for a host without a Collector. */
  readonly metrics?: (typeof METRIC_PATHS)[number];
  /** Default "otlp". */
  readonly logs?: (typeof LOG_PATHS)[number];
  /** Port of `/metrics` and `/healthz`; 0 chooses a free one. Default 9464. */
  readonly port?: number;
  /** Address of `/metrics` and `/healthz`. Default 127.0.0.1. */
  readonly host?: string;
  /** Whether `/healthz` is served also where `/metrics` is not, as with `metrics: "otlp"`. Default false. */
  readonly healthz?: boolean;
  /** Whether to register the providers globally. Default true. */
  readonly global?: boolean;
  /**
   * Whether SIGTERM, SIGINT and an error that is not caught end telemetry, at most `shutdownTimeoutMillis` long, before they end
   * the process. Default: unless the service listens for them itself; then a signal flushes, and the service decides about its
   * end. With true a signal ends telemetry also then; with false neither signals nor errors are listened for.
   */
  readonly shutdownOnSignal?: boolean;
  /**
   * Folder in which log records wait until the server has taken them, so that they outlive this process and any outage. Past
   * `maxBytes` (default 256 MiB) they wait in memory; what has no room there is lost, and counted. Default: in memory only.
   */
  readonly spool?: string | { readonly directory: string; readonly maxBytes?: number };
  /**
   * "sync": a denial is on disk, and the disk has been told to keep it (fdatasync), before `record()` returns and so before the guest
   * is answered. Not even kill -9 or a power cut loses one that a guest has heard of. Each denial then has a record of its own, however
   * many there are, and costs its caller a write to disk. While the disk takes none, records wait in memory as without it, and
   * telemetry is `degraded`. Needs a `spool`. Default: on disk at the end of a later turn, without fdatasync.
   */
  readonly durability?: (typeof DURABILITIES)[number];
  /**
   * Whether each cell's records are chained by hash, the end of the cell included, so that none can be altered, removed or moved
   * unseen: `pyisolate verify` checks a file of them. Default false.
   */
  readonly integrity?: boolean;
  /** Longest time that `flush()` waits, milliseconds. Default 10000. */
  readonly flushTimeoutMillis?: number;
  /** Longest time that `shutdown()` waits, milliseconds. Default 5000. */
  readonly shutdownTimeoutMillis?: number;
}

/** @throws TypeError if an option is unknown or has a wrong value. The message says what is allowed. */
export function telemetryOptions(given: unknown): TelemetryOptions {
  const options = readOptions("startTelemetry", given, CHECKS);
  for (const option of ["durability", "integrity"] as const) {
    if (!options[option] || options.logs !== "none") continue;
    throw new TypeError(`startTelemetry: ${option} is of log records, and \`logs\` is "none"`);
  }
  if (options.durability === "sync" && options.spool === undefined) {
    throw new TypeError(
      'startTelemetry: durability "sync" needs `spool`: the folder in which a denial is written before its caller is answered',
    );
  }
  return options;
}

const DAY = 86_400_000;

const SPOOL = "a folder, or { directory, maxBytes } with a whole number of bytes from 65536";
const spoolFolder = mustBe(SPOOL, (value) => nonEmptyText(value) === undefined);
const spoolOptions = optionsOf<{ directory: string; maxBytes: number }>(
  SPOOL,
  { directory: nonEmptyText, maxBytes: whole(65_536, Number.MAX_SAFE_INTEGER) },
  ["directory"],
);

const CHECKS: OptionChecks<TelemetryOptions> = {
  serviceName: nonEmptyText,
  serviceVersion: nonEmptyText,
  endpoint: mustBe(
    "an http or https URL without query, such as http://127.0.0.1:4318",
    (value) => typeof value === "string" && isBaseUrl(value),
  ),
  metrics: oneOf(METRIC_PATHS),
  logs: oneOf(LOG_PATHS),
  port: whole(0, 65_535),
  host: nonEmptyText,
  healthz: flag,
  global: flag,
  shutdownOnSignal: flag,
  spool: (value) => (isRecord(value) ? spoolOptions(value) : spoolFolder(value)),
  durability: oneOf(DURABILITIES),
  integrity: flag,
  flushTimeoutMillis: whole(1, DAY),
  shutdownTimeoutMillis: whole(1, DAY),
};

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
}
