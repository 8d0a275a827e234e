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
 * Who sends: explicit options over OTEL_SERVICE_NAME over OTEL_RESOURCE_ATTRIBUTES over what can be known without asking.
 * `service.instance.id` tells two processes of one service apart; Prometheus calls it `instance`.
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
