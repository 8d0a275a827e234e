import type { LoggerProvider, MeterProvider } from "@opentelemetry/api";
import type { OwnCapabilities } from "@pyisolate/policy";
import {
  functionOf,
  type OptionChecks,
  readOptions,
  whole,
  withMethods,
} from "@pyisolate/policy/options";

import { knownCapabilities, OWN_CAPABILITIES } from "../metrics/capabilities.ts";
import { DEFAULT_MAX_SERIES, MAX_SERIES_CHECK } from "../metrics/series-budget.ts";
import type { Redact } from "../records/custom-redaction.ts";

export interface DenialRecorderOptions {
  /** Default: the global provider, also if it is registered later. */
  readonly meterProvider?: MeterProvider;
  /** Default: the global provider, also if it is registered later. */
  readonly loggerProvider?: LoggerProvider;
  /**
   * The service's own capabilities, each with its operations: `{ database: ["query", "write"] }`, or `policy.capabilities` of a
   * policy that declares them. They have series of their own, as the built-in ones have; what is refused or granted of a capability
   * that is not declared is counted as `_other`. At most 100. Default: none.
   */
  readonly capabilities?: OwnCapabilities;
  /**
   * Most series that each counter can have in the life of the process; past it, new cells and rules fold into `_other`. At
   * least 2, at most 16000. Default 1000.
   */
  readonly maxSeries?: number;
  /** Denials that can wait for a log record each, before similar ones coalesce. At least 1, at most 1048576. Default 4096. */
  readonly ringSize?: number;
  /**
   * Denials of one cell that have a log record each, per second; of one series (a rule and the closed values), half of that.
   * The others of that second coalesce into one record a kind. At least 1, at most 1000000. Default 1000.
   */
  readonly recordsPerSecond?: number;
  /**
   * The host's own rule for what may leave the process of a denial's target. It is called with the target as the default
   * redaction leaves it, when the record is made. If it throws, takes more than 5 ms or does not return a string, the record
   * goes out without a target; after 8 slow runs it is not called any more.
   */
  readonly redact?: Redact;
  /** Longest time that `flush()` waits, milliseconds. Default 30000. */
  readonly flushTimeoutMillis?: number;
  /** Longest time that `shutdown()` waits for log records, milliseconds. Default 5000. */
  readonly shutdownTimeoutMillis?: number;
}

/** The options, with defaults for those left out. */
export type RecorderSettings = Required<
  Omit<DenialRecorderOptions, "meterProvider" | "loggerProvider" | "redact" | "capabilities">
> &
  Pick<DenialRecorderOptions, "meterProvider" | "loggerProvider" | "redact"> & {
    /** Those that have series of their own. */
    readonly capabilities: ReadonlySet<string>;
  };

const MAX_RING = 1 << 20;
const MAX_RATE = 1_000_000;
const DAY = 86_400_000;

/** A provider of meters, and one of loggers. */
export const METER_PROVIDER = withMethods("a provider", ["getMeter"]);
export const LOGGER_PROVIDER = withMethods("a provider", ["getLogger"]);

const CHECKS: OptionChecks<DenialRecorderOptions> = {
  meterProvider: METER_PROVIDER,
  loggerProvider: LOGGER_PROVIDER,
  capabilities: OWN_CAPABILITIES,
  maxSeries: MAX_SERIES_CHECK,
  ringSize: whole(1, MAX_RING),
  recordsPerSecond: whole(1, MAX_RATE),
  redact: functionOf("a target and its event"),
  flushTimeoutMillis: whole(1, DAY),
  shutdownTimeoutMillis: whole(1, DAY),
};

/** @throws TypeError if an option is unknown or out of its range. The message says what is allowed. */
export function recorderSettings(options: DenialRecorderOptions = {}): RecorderSettings {
  const given = readOptions("createDenialRecorder", options, CHECKS);
  return {
    maxSeries: DEFAULT_MAX_SERIES,
    ringSize: 4096,
    recordsPerSecond: 1000,
    flushTimeoutMillis: 30_000,
    shutdownTimeoutMillis: 5000,
    ...given,
    capabilities: knownCapabilities(given.capabilities),
  };
}
