import { ATTRIBUTES as A, EVENTS, METRICS } from "@pyisolate/telemetry";

/** Texts as they come out of a service that cleans nothing. */
export interface Careless {
  readonly cell: string;
  readonly rule: string;
  readonly target: string;
}

/**
 * Sends one denial's counters and record over OTLP as they are: any sender that reaches a Collector can write denials, and our
 * recorder, which cleans what it sends, is not what protects the reader of a page.
 */
export async function sendAsItIs(endpoint: string, texts: Careless): Promise<void> {
  const now = `${Date.now()}000000`;
  const resource = {
    attributes: strings({ "service.name": "careless", "service.instance.id": "c-1" }),
  };
  const counter = (metric: { readonly name: string; readonly unit: string }, labels: object) => ({
    name: metric.name,
    unit: metric.unit,
    sum: {
      // Cumulative.
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [
        { startTimeUnixNano: now, timeUnixNano: now, asInt: "1", attributes: strings(labels) },
      ],
    },
  });
  const denial = {
    [A.capability.name]: "filesystem",
    [A.policyRule.name]: texts.rule,
    [A.brokerDecision.name]: "deny",
    [A.kernelDecision.name]: "not_evaluated",
    [A.reason.name]: "explicit_deny",
    [A.enforced.name]: "true",
  };
  const metrics = [
    counter(METRICS.denials, { [A.cell.name]: texts.cell }),
    counter(METRICS.denialEvents, denial),
    counter(METRICS.records, { [A.outcome.name]: "emitted" }),
  ];
  const record = {
    timeUnixNano: now,
    observedTimeUnixNano: now,
    severityNumber: 13,
    eventName: EVENTS.denial.name,
    attributes: strings({
      ...denial,
      [A.cell.name]: texts.cell,
      [A.attemptedAction.name]: `read:${texts.target}`,
      [A.denialId.name]: "careless-1",
    }),
  };
  await post(`${endpoint}/v1/metrics`, {
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: "careless" }, metrics }] }],
  });
  await post(`${endpoint}/v1/logs`, {
    resourceLogs: [
      { resource, scopeLogs: [{ scope: { name: "careless" }, logRecords: [record] }] },
    ],
  });
}

function strings(values: object) {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: { stringValue: String(value) },
  }));
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
}
