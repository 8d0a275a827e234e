import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";

/**
 * The context for the exporters' own requests: without a trace, and marked so that instrumentations make no spans of them. This
 * is the SDK's own key: the API finds a key by its description.
 */
export const TRACING_SUPPRESSED = ROOT_CONTEXT.setValue(
  createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING"),
  true,
);
