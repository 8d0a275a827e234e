import { requireServers } from "@pyisolate/stack";

import { type Run, sideBySide } from "./delivery.ts";
import { collectorKilled, type Kill, serviceKilled } from "./kills.ts";
import { median, pairedRatio } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";
import type { Way } from "./delivery-ways.ts";

const WAYS = ["live", "queue", "tail"] as const;
const NAMES: Readonly<Record<(typeof WAYS)[number], string>> = {
  live: "no spool: sent from memory",
  queue: "write-ahead queue: startTelemetry({ spool })",
  tail: "OTLP-JSON lines, tailed by otlp_json_file",
};

/**
 * The two ways for a record to outlive its service: our write-ahead queue behind the OTLP exporter, and files that the
 * Collector tails. The same recorder, records, Collector and file behind it.
 */
export async function durability(rounds: number, denials: number): Promise<Figure[]> {
  const runs = await sideBySide(WAYS, rounds, denials);
  const of = (way: Way, field: keyof Omit<Run, "keys">): number[] =>
    (runs.get(way) ?? []).map((run) => run[field]);
  const print = (title: string, field: keyof Omit<Run, "keys">, unit: string): void => {
    printMedians(title, new Map(WAYS.map((way) => [NAMES[way], median(of(way, field))])), unit);
  };
  print(`${denials} denials, from the recorder to the Collector's file`, "perSecond", "records/s");
  print("CPU of the service, a record", "serviceCpu", "us");
  print("CPU of the Collector, a record", "collectorCpu", "us");
  print("Most on disk at a time, a record", "peak", "bytes");
  print("Left on disk when all had arrived, a record", "left", "bytes");
  await printKills(Math.ceil(rounds / 2), denials);
  const ratio = (over: Way, under: Way, field: keyof Omit<Run, "keys">): number =>
    pairedRatio(of(over, field), of(under, field));
  const both = runs.get("queue")?.map(sumOfCpu) ?? [];
  return [
    { what: "queue / tail: records a second", value: ratio("queue", "tail", "perSecond") },
    { what: "queue / tail: CPU of the service", value: ratio("queue", "tail", "serviceCpu") },
    { what: "queue / tail: CPU of the Collector", value: ratio("queue", "tail", "collectorCpu") },
    {
      what: "queue / tail: CPU of both together",
      value: pairedRatio(both, runs.get("tail")?.map(sumOfCpu) ?? []),
    },
    { what: "queue / no spool: CPU of the service", value: ratio("queue", "live", "serviceCpu") },
    { what: "tail / no spool: CPU of the service", value: ratio("tail", "live", "serviceCpu") },
  ].map((figure) => ({ ...figure, unit: "x" }));
}

function sumOfCpu({ serviceCpu, collectorCpu }: Run): number {
  return serviceCpu + collectorCpu;
}

async function printKills(times: number, denials: number): Promise<void> {
  const { otelcol } = await requireServers();
  for (const [title, kill] of [
    ["kill -9 of the Collector, twice", collectorKilled],
    ["kill -9 of the service", serviceKilled],
  ] as const) {
    const lines = new Map<string, number>();
    for (const way of ["queue", "tail"] as const) {
      const kills: Kill[] = [];
      for (let time = 0; time < times; time++) {
        kills.push(await kill(otelcol, way, denials));
        process.stderr.write(`  ${title}, ${time + 1} of ${times}: ${way}\n`);
      }
      lines.set(`${NAMES[way]}: duplicates`, median(kills.map(({ duplicates }) => duplicates)));
      lines.set(
        `${way}: most duplicates of ${times} runs`,
        Math.max(...kills.map(({ duplicates }) => duplicates)),
      );
      lines.set(
        `${way}: lost, all runs together`,
        kills.reduce((sum, { lost }) => sum + lost, 0),
      );
    }
    printMedians(`${title}, in a flood of ${denials}`, lines, "records");
  }
}
