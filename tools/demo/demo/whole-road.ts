import { readFile } from "node:fs/promises";

import { SeverityNumber } from "@opentelemetry/api";
import {
  type CollectedLog,
  createProgress,
  findServers,
  startStack,
  waitForLogs,
} from "@pyisolate/stack";
import { ATTRIBUTES, createDenialRecorder, EVENTS } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { kernelRefusal } from "./kernel-refusal.ts";
import { type Refusal, runAttempts } from "./run-attempts.ts";
import { heading, pairs, paint, plain, say, table } from "./screen.ts";

const JOB = "pyisolate-demo";
const LABELS = [
  "pyisolate_capability",
  "pyisolate_policy_rule",
  "pyisolate_reason",
  "pyisolate_broker_decision",
  "pyisolate_kernel_decision",
];
const TOTAL = `sum(pyisolate_denial_events_total{job="${JOB}"})`;

/** The same denials through a real Collector to a real Prometheus. False where the counts disagree. */
export async function wholeRoad({ keep }: { readonly keep: boolean }): Promise<boolean> {
  heading("2  The whole road: Collector, log file, Prometheus");
  const progress = createProgress();
  const found = await findServers({ progress });
  if (!found.ok) {
    say(`  ${found.reason}`);
    say("  The first half above is complete without them.");
    return true;
  }
  await using ending = new AsyncDisposableStack();
  const stack = await progress.step("Starting a Collector and a Prometheus on loopback", async () =>
    ending.use(await startStack({ servers: found.servers })),
  );
  const { collector, prometheus } = stack;
  let refusals: Refusal[];
  let denied: number;
  {
    await using otel = startTelemetry({ serviceName: JOB, endpoint: collector.otlpEndpoint });
    await using denials = createDenialRecorder();
    refusals = await runAttempts(denials);
    const byKernel = await kernelRefusal(denials);
    if (typeof byKernel !== "string") refusals.push(byKernel);
    await otel.flush();
    denied = denials.ledger().denied;
  }
  const logs = (
    await waitForLogs(collector.logFile, (all) => all.filter(isDenial).length >= refusals.length)
  ).filter(isDenial);
  await progress.step(
    "Waiting for Prometheus to scrape",
    async () => await prometheus.waitFor(TOTAL, ([sum]) => (sum?.value ?? 0) >= refusals.length),
  );

  heading("One log record, as the Collector wrote it");
  const [first] = logs;
  if (first !== undefined) {
    say(
      `  ${paint("dim", plain(await rawRecord(collector.logFile, refusals[0]?.event.id ?? "")))}\n`,
    );
    showRecord(first);
  }
  const byKernel = logs.find(
    ({ attributes }) =>
      attributes[ATTRIBUTES.brokerDecision.name] === "allow" &&
      attributes[ATTRIBUTES.kernelDecision.name] === "deny",
  );
  if (byKernel !== undefined) {
    heading("The kernel's refusal of what the broker allowed");
    showRecord(byKernel);
  }

  heading("What Prometheus answers");
  const query = `sum by (${LABELS.join(", ")}) (pyisolate_denial_events_total{job="${JOB}"}) > 0`;
  say(`  ${query}\n`);
  const samples = await prometheus.query(query);
  table(
    [...LABELS.map((label) => label.replace("pyisolate_", "")), "value"],
    samples.map(({ labels, value }) => [
      ...LABELS.map((label) => plain(labels[label] ?? "")),
      String(value),
    ]),
  );

  heading("Do all counts agree?");
  const [sum] = await prometheus.query(TOTAL);
  const sameIds =
    new Set(logs.map(({ attributes }) => attributes["pyisolate.denial.id"])).symmetricDifference(
      new Set(refusals.map(({ event }) => event.id)),
    ).size === 0;
  const counts = [
    ["refusals that guest and host saw", refusals.length],
    ["denials in the ledger", denied],
    ["log records at the Collector, same ids", sameIds ? logs.length : 0],
    [TOTAL, sum?.value ?? 0],
  ] as const;
  const agree = counts.every(([, count]) => count === refusals.length);
  pairs(counts.map(([name, count]) => [name, String(count)] as const));
  say(
    agree
      ? paint("green", "\n  Yes: one denial, one event, one record, one count.")
      : paint("red", "\n  No. That is a bug: please report it."),
  );

  if (keep) {
    stack.keep();
    // Nothing is left to be ended here.
    ending.move();
    heading("Left running");
    pairs([
      ["Prometheus", prometheus.url],
      ["OTLP/HTTP in", collector.otlpEndpoint],
      ["metrics out", collector.prometheusEndpoint],
      ["log file", collector.logFile],
      ["to end them", `kill ${prometheus.pid} ${collector.pid}`],
    ]);
  }
  return agree;
}

function showRecord({ eventName, severityNumber, body, attributes }: CollectedLog): void {
  pairs([
    ["event", eventName],
    ["severity", `${severityNumber} (${SeverityNumber[severityNumber] ?? "unknown"})`],
    ["body", plain(body)],
    ...Object.entries(attributes).map(([name, value]) => [name, plain(value)] as const),
  ]);
}

/** One denial's log record as it stands in the file, without the request around it. */
async function rawRecord(file: string, id: string): Promise<string> {
  for (const line of (await readFile(file, "utf8")).split("\n")) {
    if (!line.includes(id)) continue;
    // OTLP's JSON: a request holds resources, these hold scopes, these hold records.
    const { resourceLogs } = JSON.parse(line) as {
      resourceLogs: { scopeLogs: { logRecords: unknown[] }[] }[];
    };
    const records = resourceLogs.flatMap(({ scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords),
    );
    return JSON.stringify(records.find((record) => JSON.stringify(record).includes(id)));
  }
  return "";
}

function isDenial({ eventName }: { readonly eventName: string }): boolean {
  return eventName === EVENTS.denial.name;
}
