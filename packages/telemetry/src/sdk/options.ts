/** One at a time: both at once would count every denial twice in a `sum`. */
export const METRIC_PATHS = ["otlp", "prometheus", "none"] as const;
export const LOG_PATHS = ["otlp", "none"] as const;

export interface TelemetryOptions {
  /** `service.name`, the `job` in Prometheus. Default: OTEL_SERVICE_NAME. */
  readonly serviceName?: string;
  /** `service.version`. */
  readonly serviceVersion?: string;
  /** Base URL of an OTLP/HTTP receiver, to which `/v1/logs` and `/v1/metrics` are added. Default http://127.0.0.1:4318 */
  readonly endpoint?: string;
  /** Default "otlp". "prometheus" serves `/metrics` in this process, for where no Collector runs. */
  readonly metrics?: (typeof METRIC_PATHS)[number];
  /** Default "otlp". */
  readonly logs?: (typeof LOG_PATHS)[number];
  /** Port of `/metrics`; 0 is any free one. Default 9464. */
  readonly port?: number;
  /** Address of `/metrics`. Default 127.0.0.1. */
  readonly host?: string;
  /** Whether to register the providers globally. Default true. */
  readonly global?: boolean;
  /** Whether SIGTERM and SIGINT flush before they end the process. Default false. */
  readonly shutdownOnSignal?: boolean;
  /**
   * Folder in which log records wait until the far end has taken them, so that they outlive this process and any outage;
   * beyond `maxBytes` (default 256 MiB) what memory cannot hold is lost, and counted. Default: in memory only.
   */
  readonly spool?: string | { readonly directory: string; readonly maxBytes?: number };
  /** Longest time that `flush()` waits, milliseconds. Default 10000. */
  readonly flushTimeoutMillis?: number;
  /** Longest time that `shutdown()` waits, milliseconds. Default 5000. */
  readonly shutdownTimeoutMillis?: number;
}

/** @throws TypeError where an option is unknown or not of its kind; the message says what is allowed. */
export function checkOptions(options: unknown): asserts options is TelemetryOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      'startTelemetry takes an object of options, such as { serviceName: "plugins" }',
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof TelemetryOptions] : undefined;
    if (check === undefined) {
      throw new TypeError(`unknown option ${name}; allowed are ${Object.keys(CHECKS).join(", ")}`);
    }
    if (value !== undefined && !check.holds(value)) {
      throw new TypeError(`${name} must be ${check.wanted}, got ${show(value)}`);
    }
  }
}

interface Check {
  readonly wanted: string;
  holds(value: unknown): boolean;
}

const text: Check = {
  wanted: "a string that is not empty",
  holds: (value) => typeof value === "string" && value !== "",
};
const flag: Check = {
  wanted: "true or false",
  holds: (value) => typeof value === "boolean",
};

const CHECKS: Record<keyof TelemetryOptions, Check> = {
  serviceName: text,
  serviceVersion: text,
  endpoint: {
    wanted: "an http or https URL without query, such as http://127.0.0.1:4318",
    holds: isBaseUrl,
  },
  metrics: oneOf(METRIC_PATHS),
  logs: oneOf(LOG_PATHS),
  port: whole(0, 65_535),
  host: text,
  global: flag,
  shutdownOnSignal: flag,
  spool: {
    wanted: "a folder, or { directory, maxBytes } with a whole number of bytes from 65536",
    holds: isSpool,
  },
  flushTimeoutMillis: whole(1, 86_400_000),
  shutdownTimeoutMillis: whole(1, 86_400_000),
};

function oneOf(allowed: readonly string[]): Check {
  return {
    wanted: `one of ${allowed.map((value) => JSON.stringify(value)).join(", ")}`,
    holds: (value) => allowed.some((other) => other === value),
  };
}

function whole(min: number, max: number): Check {
  return {
    wanted: `a whole number from ${min} to ${max}`,
    holds: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
  };
}

function isBaseUrl(value: unknown): boolean {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
}

function isSpool(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return text.holds(value);
  const { directory, maxBytes, ...rest }: Partial<Record<string, unknown>> = { ...value };
  const isBound = maxBytes === undefined || whole(65_536, Number.MAX_SAFE_INTEGER).holds(maxBytes);
  return text.holds(directory) && isBound && Object.keys(rest).length === 0;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
