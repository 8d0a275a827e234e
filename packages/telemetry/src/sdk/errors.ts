/** What went wrong when telemetry was started. A closed set, so that a caller can branch on it. */
export type TelemetryStartCode =
  /** Another process (or an earlier start in this one) listens on the port. */
  | "port_taken"
  /** This user may not listen on the port. */
  | "port_forbidden"
  /** The host name or address is not one of this machine's. */
  | "host_unavailable"
  /** The scrape server could not start for another reason: see `cause`. */
  | "listen_failed"
  /** Global providers were registered before. */
  | "already_registered"
  /** `prometheusUrl` or `healthUrl` was read before the port was known. */
  | "not_ready"
  /** The OpenTelemetry packages that are installed are not those that telemetry is made with, or some are missing: see `cause`. */
  | "wrong_sdk"
  /** The process is run by a Node.js that has not all that telemetry calls. */
  | "node_too_old";

/** Telemetry could not start as its options say. The message says what to do. */
export class TelemetryStartError extends Error {
  override readonly name = "TelemetryStartError";
  readonly code: TelemetryStartCode;

  constructor(code: TelemetryStartCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
