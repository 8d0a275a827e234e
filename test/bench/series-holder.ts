// Run by series-memory.ts, with --expose-gc: prints the bytes that 10,000 series hold.
import { setTimeout as sleep } from "node:timers/promises";

import { type Attributes, ValueType } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { DenialEvent } from "@pyisolate/policy";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { Counter, Registry } from "prom-client";

import { IdleReader, realProviders } from "./providers.ts";
import { denialsOfManyCells } from "./series.ts";

export const HOLDERS = ["sdk", "recorder", "prom-client"] as const;
export type Holder = (typeof HOLDERS)[number];

/** Two series for each: of its cell, and of its rule. */
const DENIALS = 5000;
/** Longer than the recorder's windows, after which it keeps no more than it has to. Milliseconds. */
const REST = 2500;
const MAX_SERIES = 16_000;
/** Denials between two collections. */
const BURST = 500;

/** Counts denials, and is asked at the end for what there is. */
interface Books {
  count(event: DenialEvent): void;
  collect(): Promise<unknown>;
}

function meterProvider(): [MeterProvider, IdleReader] {
  const reader = new IdleReader();
  const views = [{ instrumentName: "*", aggregationCardinalityLimit: MAX_SERIES }];
  return [new MeterProvider({ readers: [reader], views }), reader];
}

const BOOKS: Readonly<Record<Holder, () => Books>> = {
  recorder: () => {
    const [provider, reader] = meterProvider();
    const recorder = createDenialRecorder({
      meterProvider: provider,
      loggerProvider: realProviders().loggerProvider,
      maxSeries: MAX_SERIES,
    });
    return {
      count: (event) => recorder.record(event),
      collect: async () => {
        await recorder.flush();
        return await reader.collect();
      },
    };
  },
  // As a person writes it: the two counters that have so many series.
  sdk: () => {
    const [provider, reader] = meterProvider();
    const meter = provider.getMeter("bench");
    const cells = meter.createCounter("pyisolate.denials", { valueType: ValueType.INT });
    const rules = meter.createCounter("pyisolate.denial.events", { valueType: ValueType.INT });
    return {
      count: (event) => {
        cells.add(1, { "pyisolate.cell": event.cell });
        rules.add(1, ruleLabels(event));
      },
      collect: async () => await reader.collect(),
    };
  },
  "prom-client": () => {
    const registers = [new Registry()];
    const name = (of: string) => of.replaceAll(".", "_");
    const cells = new Counter({ name: "denials", help: "-", labelNames: ["cell"], registers });
    const labelNames = Object.keys(ruleLabels(denialsOfManyCells(1)[0] as DenialEvent)).map(name);
    const rules = new Counter({ name: "events", help: "-", labelNames, registers });
    return {
      count: (event) => {
        cells.inc({ cell: event.cell });
        const labels = Object.entries(ruleLabels(event)).map(([key, value]) => [name(key), value]);
        rules.inc(Object.fromEntries(labels) as Record<string, string>);
      },
      collect: async () => await registers[0]?.metrics(),
    };
  },
};

function ruleLabels(event: DenialEvent): Attributes {
  return {
    "pyisolate.capability": event.capability,
    "pyisolate.policy_rule": event.policyRule,
    "pyisolate.broker_decision": event.brokerDecision,
    "pyisolate.kernel_decision": event.kernelDecision,
    "pyisolate.reason": event.reason,
    "pyisolate.enforced": event.enforced,
  };
}

/** Bytes in use. */
function inUse(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function bytesHeld(holder: Holder): Promise<number> {
  // The events and the texts in them are the guards', not of those who count them.
  const events = denialsOfManyCells(DENIALS);
  const [first, ...others] = events as [DenialEvent, ...DenialEvent[]];
  const make = BOOKS[holder];
  // Others like it first, so that code is compiled and what there is once is there.
  for (let round = 0; round < 3; round++) await counted(make(), events.slice(0, 500));
  const books = make();
  await counted(books, [first]);
  await sleep(REST);
  const before = inUse();
  await counted(books, others);
  await sleep(REST);
  const held = inUse() - before;
  await books.collect();
  return held;
}

async function counted(books: Books, events: readonly DenialEvent[]): Promise<void> {
  for (let next = 0; next < events.length; next += BURST) {
    for (const event of events.slice(next, next + BURST)) books.count(event);
    await books.collect();
  }
}

if (import.meta.main) {
  process.stdout.write(String(await bytesHeld(process.argv[2] as Holder)));
  process.exit();
}
