import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";

/**
 * The context for our own requests: of nobody's trace, and marked so that instrumentations make no spans of them. The key
 * is found by its description, so this is the SDK's own.
 */
export const TRACING_SUPPRESSED = ROOT_CONTEXT.setValue(
  createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING"),
  true,
);
