import type { LoggerProvider, MeterProvider } from "@opentelemetry/api";

import type { Redact } from "./redactor.ts";

export interface DenialRecorderOptions {
  /** Default: the global one, also one that is registered later. */
  readonly meterProvider?: MeterProvider;
  /** Default: the global one, also one that is registered later. */
  readonly loggerProvider?: LoggerProvider;
  /**
   * Most series that each counter can have in the life of the process; past it cells and rules fold into `_other`. At least
   * 2, at most 16000. Default 1000.
   */
  readonly maxSeries?: number;
  /** Denials that wait for their log record before repetition is coalesced. At least 1, at most 1048576. Default 4096. */
  readonly ringSize?: number;
  /**
   * Denials of one cell that have a record of their own, a second, and half of that of one row (a rule and the closed
   * values); the others of that second coalesce to one record a kind. At least 1, at most 1000000. Default 1000.
   */
  readonly recordsPerSecond?: number;
  /**
   * A rule of one's own for what leaves the process of a denial's target. It gets the target as the default redaction leaves
   * it, in the turn in which the record is made. Where it throws, takes more than 5 ms or gives no string, the record goes
   * out without a target; after 8 slow runs it is not asked any more.
   */
  readonly redact?: Redact;
  /** Longest time that `flush()` waits, milliseconds. Default 30000. */
  readonly flushTimeoutMillis?: number;
  /** Longest time that `shutdown()` waits for log records, milliseconds. Default 5000. */
  readonly shutdownTimeoutMillis?: number;
}

/** The options with their defaults. */
export type RecorderSettings = Required<
  Omit<DenialRecorderOptions, "meterProvider" | "loggerProvider" | "redact">
> &
  Pick<DenialRecorderOptions, "meterProvider" | "loggerProvider" | "redact">;

/** What the SDK is told to leave room for (see `sdk/`): a higher cap would overflow there, out of our sight. */
export const MAX_SERIES = 16_000;

export const DEFAULT_MAX_SERIES = 1000;
const MAX_RING = 1 << 20;
const MAX_RATE = 1_000_000;
const DAY = 86_400_000;

/** @throws TypeError where an option is unknown or out of its range; the message says what is allowed. */
export function recorderSettings(options: DenialRecorderOptions = {}): RecorderSettings {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("createDenialRecorder takes an object of options, or nothing");
  }
  for (const key of Object.keys(options)) {
    if (!ALLOWED.includes(key)) {
      throw new TypeError(`unknown option ${key}; allowed are ${ALLOWED.join(", ")}`);
    }
  }
  mustProvide("meterProvider", options.meterProvider, "getMeter");
  mustProvide("loggerProvider", options.loggerProvider, "getLogger");
  if (options.redact !== undefined && typeof options.redact !== "function") {
    throw new TypeError("redact must be a function of a target and its event");
  }
  return {
    ...(options.redact === undefined ? {} : { redact: options.redact }),
    ...(options.meterProvider === undefined ? {} : { meterProvider: options.meterProvider }),
    ...(options.loggerProvider === undefined ? {} : { loggerProvider: options.loggerProvider }),
    maxSeries: integer("maxSeries", options.maxSeries ?? DEFAULT_MAX_SERIES, 2, MAX_SERIES),
    ringSize: integer("ringSize", options.ringSize ?? 4096, 1, MAX_RING),
    recordsPerSecond: integer("recordsPerSecond", options.recordsPerSecond ?? 1000, 1, MAX_RATE),
    flushTimeoutMillis: integer("flushTimeoutMillis", options.flushTimeoutMillis ?? 30_000, 1, DAY),
    shutdownTimeoutMillis: integer(
      "shutdownTimeoutMillis",
      options.shutdownTimeoutMillis ?? 5000,
      1,
      DAY,
    ),
  };
}

/** @throws TypeError where `provider` is given and has no such method. */
export function mustProvide(name: string, provider: unknown, method: string): void {
  if (provider === undefined) return;
  const has =
    typeof provider === "object" &&
    provider !== null &&
    typeof (provider as Record<string, unknown>)[method] === "function";
  if (!has) throw new TypeError(`${name} must be a provider with a method ${method}`);
}

const ALLOWED: readonly string[] = [
  "meterProvider",
  "loggerProvider",
  "maxSeries",
  "ringSize",
  "recordsPerSecond",
  "redact",
  "flushTimeoutMillis",
  "shutdownTimeoutMillis",
] satisfies (keyof DenialRecorderOptions)[];

function integer(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw new TypeError(`${name} must be a whole number from ${min} to ${max}, got ${String(value)}`);
}
