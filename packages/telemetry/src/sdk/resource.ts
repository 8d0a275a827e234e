import { randomUUID } from "node:crypto";

import { cleanText } from "@pyisolate/policy/events";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
  type Resource,
} from "@opentelemetry/resources";

import type { TelemetryOptions } from "./options.ts";

/**
 * The resource that records and counts come from. Explicit options win over OTEL_SERVICE_NAME, that over
 * OTEL_RESOURCE_ATTRIBUTES, and these over defaults. `service.instance.id` distinguishes two processes of one service;
 * Prometheus calls it `instance`.
 *
 * @param warn Is called with a message if OTEL_RESOURCE_ATTRIBUTES cannot be used.
 */
export function telemetryResource(
  options: TelemetryOptions,
  warn: (message: string) => void,
): Resource {
  const given = process.env["OTEL_RESOURCE_ATTRIBUTES"] ?? "";
  const { attributes = {} } = resourceAttributesEnvDetector.detect();
  // The specification discards all of it for one mistake, and the SDK does so in silence.
  if (/[^\s,]/.test(given) && Object.keys(attributes).length === 0) {
    warn(
      `OTEL_RESOURCE_ATTRIBUTES=${JSON.stringify(cleanText(given, 200))} has a pair that cannot be used, so none of it is: ` +
        "write key=value, several with a comma between them, and percent-encode what is not plain",
    );
  }
  const explicit = {
    ...(options.serviceName === undefined ? {} : { "service.name": options.serviceName }),
    ...(options.serviceVersion === undefined ? {} : { "service.version": options.serviceVersion }),
  };
  return defaultResource()
    .merge(resourceFromAttributes({ "service.instance.id": randomUUID() }))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }))
    .merge(resourceFromAttributes(explicit));
}
