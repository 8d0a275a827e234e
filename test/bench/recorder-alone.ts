import { setImmediate as turn } from "node:timers/promises";

import { SeverityNumber } from "@opentelemetry/api";
import { type DenialEvent, denialEvent } from "@pyisolate/policy";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { pino } from "pino";
import { Counter, Registry } from "prom-client";

import { denoAudit } from "./deno-audit.ts";
import { median, pairedRatio, sideBySide, timed } from "./measure.ts";
import { realProviders } from "./providers.ts";
import { type Figure, printMedians } from "./report.ts";

/** As many denials as one burst of a guest that asks in a loop: the drain runs between two bursts. */
const BURST = 512;
const WARM_UP = 600;

/** A broker gives the policy's own string, the same for each denial by a rule. */
const RULES = Array.from({ length: 16 }, (_, index) => `rule-${index}`);

/** What recording adds to the call that was refused, against calling the SDK there and then. */
export async function recorderAlone(rounds: number): Promise<Figure[]> {
  const events = Array.from({ length: BURST }, (_, index) =>
    denialEvent({
      cell: "tenant-a",
      capability: "filesystem",
      operation: "read",
      target: `/etc/${index % RULES.length}`,
      policyRule: RULES[index % RULES.length] ?? "",
      reason: "explicit_deny",
    }),
  );
  const ours = realProviders();
  const theirs = realProviders();
  const recorder = createDenialRecorder({ ...ours, recordsPerSecond: 1_000_000 });
  const coalescing = createDenialRecorder({ ...realProviders(), recordsPerSecond: 1 });
  const counter = theirs.meterProvider.getMeter("naive").createCounter("denials");
  const logger = theirs.loggerProvider.getLogger("naive");
  // The least that a service would do by itself: one counter and half of the record's attributes; the recorder has three counters.
  const naive = ({
    capability,
    operation,
    target,
    policyRule,
    reason,
    cell,
    id,
    seq,
    time,
  }: DenialEvent): void => {
    counter.add(1, {
      capability,
      policy_rule: policyRule,
      broker_decision: "deny",
      kernel_decision: "not_evaluated",
      reason,
    });
    logger.emit({
      eventName: "denial",
      severityNumber: SeverityNumber.WARN,
      timestamp: time,
      attributes: { cell, capability, operation, target, policy_rule: policyRule, reason, id, seq },
    });
  };
  const bursts =
    (record: (event: DenialEvent) => void, rest: () => Promise<unknown>) =>
    async (times: number) => {
      let total = 0;
      for (let done = 0; done < times; done += BURST) {
        let next = 0;
        total += timed(BURST, () => record(events[next++] as DenialEvent)) * BURST;
        await rest();
      }
      return total / (Math.ceil(times / BURST) * BURST);
    };
  const { count, log, done } = promClientAndPino();
  const names = [
    "naive counter.add + logger.emit",
    "recorder.record, a record for each",
    "recorder.record, coalesced",
    "prom-client inc + pino.warn",
  ] as const;
  // V8 compiles in the background for longer than one burst takes: warm up with enough denials first.
  for (let burst = 0; burst < WARM_UP; burst++) {
    for (const event of events) coalescing.record(event);
    await turn();
  }
  const samples = await sideBySide(
    [
      { name: names[0], run: bursts(naive, async () => await theirs.loggerProvider.forceFlush()) },
      {
        name: names[1],
        run: bursts(
          (event) => recorder.record(event),
          async () => await recorder.flush().then(async () => await turn()),
        ),
      },
      {
        name: names[2],
        run: bursts(
          (event) => coalescing.record(event),
          async () => await turn(),
        ),
      },
      {
        name: names[3],
        run: bursts(
          (event) => {
            count(event);
            log(event);
          },
          async () => await turn(),
        ),
      },
    ],
    { rounds, times: BURST * 20 },
  );
  done();
  const of = (name: string): number[] => samples.get(name) ?? [];
  printMedians("In the refused call", new Map(names.map((name) => [name, median(of(name))])), "ns");
  await Promise.all([recorder.shutdown(), coalescing.shutdown()]);
  const ratio = (name: string, to: string) => pairedRatio(of(name), of(to));
  return [
    ...names.slice(1, 3).map((name) => ({
      what: `${name} / naive`,
      value: ratio(name, names[0]),
      unit: "x" as const,
      target: 0.04,
    })),
    {
      what: `${names[1]} / prom-client with pino`,
      value: ratio(names[1], names[3]),
      unit: "x",
    },
    ...(await denoAudit(rounds, median(of(names[1])))),
  ];
}

/** What is usual without OpenTelemetry: a counter of the client library of Prometheus, and a line of the fastest logger. */
function promClientAndPino() {
  const counter = new Counter({
    name: "denials",
    help: "-",
    labelNames: ["capability", "policy_rule", "broker_decision", "kernel_decision", "reason"],
    registers: [new Registry()],
  });
  const destination = pino.destination({ dest: "/dev/null", sync: true });
  const logger = pino({ base: null }, destination);
  return {
    count: ({ capability, policyRule, reason }: DenialEvent): void => {
      counter.inc({
        capability,
        policy_rule: policyRule,
        broker_decision: "deny",
        kernel_decision: "not_evaluated",
        reason,
      });
    },
    log: ({
      cell,
      capability,
      operation,
      target,
      policyRule,
      reason,
      id,
      seq,
    }: DenialEvent): void => {
      logger.warn(
        { cell, capability, operation, target, policy_rule: policyRule, reason, id, seq },
        "denial",
      );
    },
    done: () => destination.end(),
  };
}
