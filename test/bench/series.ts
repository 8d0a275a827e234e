import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { ValueType, type Attributes, type MeterProvider } from "@opentelemetry/api";
import { DataPointType, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { type DenialEvent, denialEvent } from "@pyisolate/policy";
import { ATTRIBUTES as A, METRICS, prometheusLabel, prometheusName } from "@pyisolate/telemetry";
import { Counter, Registry } from "prom-client";

const SCOPE = { name: "@pyisolate/telemetry", version: "0.1.0" };

/** One counter, and each of its series. */
export interface CounterSeries {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly series: readonly { readonly attributes: Attributes; readonly value: number }[];
}

/** Denials of so many cells, each by another rule: two series for each, and the few that are closed sets. */
export function denialsOfManyCells(count: number): DenialEvent[] {
  return Array.from({ length: count }, (_, index) =>
    denialEvent({
      cell: `tenant-${index}`,
      capability: "filesystem",
      operation: "read",
      target: "/etc/shadow",
      policyRule: `rule-${index}`,
      reason: "explicit_deny",
    }),
  );
}

/** Every counter in a collection. */
export function countersIn({ scopeMetrics }: ResourceMetrics): CounterSeries[] {
  return scopeMetrics.flatMap(({ metrics }) =>
    metrics.flatMap((metric) =>
      metric.dataPointType === DataPointType.SUM
        ? [
            {
              name: metric.descriptor.name,
              unit: metric.descriptor.unit,
              description: metric.descriptor.description,
              series: metric.dataPoints.map(({ attributes, value }) => ({ attributes, value })),
            },
          ]
        : [],
    ),
  );
}

/** The same series, in a service without a recorder. */
export function countInSdk(provider: MeterProvider, counters: readonly CounterSeries[]): void {
  for (const { name, unit, description, series } of counters) {
    const meter = provider.getMeter(SCOPE.name, SCOPE.version);
    const counter = meter.createCounter(name, { unit, description, valueType: ValueType.INT });
    for (const { attributes, value } of series) counter.add(value, { ...attributes });
  }
}

/** Counts a denial there and then, in the counters that a recorder has. */
export function counterOf(provider: MeterProvider): (event: DenialEvent) => void {
  const meter = provider.getMeter(SCOPE.name, SCOPE.version);
  const counter = ({ name, unit, description }: (typeof METRICS)[keyof typeof METRICS]) =>
    meter.createCounter(name, { unit, description, valueType: ValueType.INT });
  const denials = counter(METRICS.denials);
  const events = counter(METRICS.denialEvents);
  const decisions = counter(METRICS.decisions);
  return (event) => {
    denials.add(1, { [A.cell.name]: event.cell });
    events.add(1, {
      [A.capability.name]: event.capability,
      [A.policyRule.name]: event.policyRule,
      [A.brokerDecision.name]: event.brokerDecision,
      [A.kernelDecision.name]: event.kernelDecision,
      [A.reason.name]: event.reason,
      [A.enforced.name]: event.enforced,
    });
    decisions.add(1, { [A.capability.name]: event.capability, [A.decision.name]: "deny" });
  };
}

/** The same series, in the client library of Prometheus. */
export function countInPromClient(counters: readonly CounterSeries[]): Registry {
  const registry = new Registry();
  for (const { name, description, series } of counters) {
    const labelNames = [
      ...new Set(
        series.flatMap(({ attributes }) =>
          Object.keys(attributes).map((name) => prometheusLabel({ name })),
        ),
      ),
    ];
    const counter = new Counter({
      name: prometheusName({ name, kind: "counter" }),
      help: description,
      labelNames,
      registers: [registry],
    });
    for (const { attributes, value } of series) {
      const labels = Object.entries(attributes).map(([key, label]) => [
        prometheusLabel({ name: key }),
        String(label),
      ]);
      counter.inc(Object.fromEntries(labels) as Record<string, string>, value);
    }
  }
  return registry;
}

/** A page on loopback, for as long as it is held. */
export async function servePage(
  answer: RequestListener,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
