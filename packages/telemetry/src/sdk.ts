export { startTelemetry, type Delivery, type Telemetry } from "./sdk/start.ts";
export { resendRefused } from "./sdk/resend-refused.ts";
export type { ResendHow, Resent } from "./sdk/logs/resend-dead-letters.ts";
export type { TelemetryOptions } from "./sdk/options.ts";
export { TelemetryStartError, type TelemetryStartCode } from "./sdk/errors.ts";
export { SpoolError, type SpoolErrorCode } from "./sdk/spool/spool-error.ts";
