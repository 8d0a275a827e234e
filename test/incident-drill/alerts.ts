import { setTimeout as sleep } from "node:timers/promises";

import { type Prometheus, StackError } from "@pyisolate/stack";

/** An alert as whoever is on call gets it. */
export interface FiringAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** When it began, Unix milliseconds. */
  readonly since: number;
}

interface AlertsAnswer {
  readonly data: {
    readonly alerts: readonly {
      readonly state: string;
      readonly activeAt: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  };
}

/** What fires now. */
export async function firingAlerts(prometheus: Prometheus): Promise<FiringAlert[]> {
  const answer = await fetch(`${prometheus.url}/api/v1/alerts`, {
    signal: AbortSignal.timeout(10_000),
  });
  const { data } = (await answer.json()) as AlertsAnswer;
  return data.alerts
    .filter(({ state }) => state === "firing")
    .map(({ labels, annotations, activeAt }) => ({
      name: labels["alertname"] ?? "",
      labels,
      annotations,
      since: Date.parse(activeAt),
    }));
}

/**
 * The alert of that name, with these labels, once it fires.
 *
 * @throws {StackError} `query-failed`, with what fires instead.
 */
export async function waitForAlert(
  prometheus: Prometheus,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<FiringAlert> {
  let firing: FiringAlert[] = [];
  const find = async () => {
    firing = await firingAlerts(prometheus);
    return firing.find(
      (alert) =>
        alert.name === name &&
        Object.entries(labels).every(([label, value]) => alert.labels[label] === value),
    );
  };
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const alert = await find();
    if (alert !== undefined) return alert;
    await sleep(250);
  }
  throw new StackError(
    "query-failed",
    `${name} does not fire with ${JSON.stringify(labels)}. What does:`,
    JSON.stringify(firing.map(({ name, labels }) => ({ name, ...labels }))),
  );
}
