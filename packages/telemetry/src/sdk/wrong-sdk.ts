import { TelemetryStartError } from "./errors.ts";

/** What the SDK entry is made and tested with: one release train, since each package of it pins some others to the patch. */
export const SDK_PACKAGES = [
  "@opentelemetry/api@1.10.0",
  "@opentelemetry/sdk-metrics@3.1.0",
  "@opentelemetry/sdk-logs@3.1.0",
  "@opentelemetry/resources@3.1.0",
  "@opentelemetry/exporter-prometheus@0.301.0",
  "@opentelemetry/exporter-metrics-otlp-http@0.301.0",
  "@opentelemetry/otlp-exporter-base@0.301.0",
  "@opentelemetry/otlp-transformer@0.301.0",
] as const;

/**
 * What to tell of an SDK entry that could not be loaded.
 *
 * @returns the error itself if it is not about OpenTelemetry's packages.
 */
export function wrongSdk(error: unknown): unknown {
  if (!(error instanceof Error) || !/@opentelemetry\//.test(`${error.message}\n${error.stack}`)) {
    return error;
  }
  return new TelemetryStartError(
    "wrong_sdk",
    `@pyisolate/telemetry/sdk does not work with the OpenTelemetry packages that are installed (${error.message}). ` +
      `Install those that it is made with: npm install ${SDK_PACKAGES.join(" ")}. ` +
      "Or keep yours, and use the recorder of @pyisolate/telemetry with them: it needs no SDK of its own",
    { cause: error },
  );
}
