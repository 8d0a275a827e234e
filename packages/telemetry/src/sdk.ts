export { startTelemetry, type Delivery, type Telemetry } from "./sdk/start.ts";
export type { TelemetryOptions } from "./sdk/options.ts";
export { TelemetryStartError, type TelemetryStartCode } from "./sdk/errors.ts";
