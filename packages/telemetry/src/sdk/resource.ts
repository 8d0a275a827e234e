import { randomUUID } from "node:crypto";

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
 */
export function telemetryResource(options: TelemetryOptions): Resource {
  const explicit = {
    ...(options.serviceName === undefined ? {} : { "service.name": options.serviceName }),
    ...(options.serviceVersion === undefined ? {} : { "service.version": options.serviceVersion }),
  };
  return defaultResource()
    .merge(resourceFromAttributes({ "service.instance.id": randomUUID() }))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }))
    .merge(resourceFromAttributes(explicit));
}
