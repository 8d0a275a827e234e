import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { requireServers } from "@pyisolate/stack";

import { FarSide } from "./far-side.ts";
import { median, pairedRatio } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";
import { Service } from "./service.ts";
import { WARM_UP, type Way } from "./delivery-ways.ts";

/** Denials of one turn: the batch of the SDK's processor. */
const BURST = 512;

/** One run of one way, nothing lost. */
export interface Run {
  readonly perSecond: number;
  /** Microseconds of CPU, a record. */
  readonly serviceCpu: number;
  readonly collectorCpu: number;
  /** Bytes in the folder where records wait, a record: the most at any time, and when all had arrived. */
  readonly peak: number;
  readonly left: number;
  readonly keys: string;
}

/** Records a second into the real Collector's file, with the recorder and without. */
export async function delivery(rounds: number, denials: number): Promise<Figure[]> {
  const ways = ["bare", "live", "queue"] as const;
  const runs = await sideBySide(ways, rounds, denials);
  const of = (way: Way): number[] => (runs.get(way) ?? []).map(({ perSecond }) => perSecond);
  const names = {
    bare: "bare OTLP exporter, forceFlush awaited each 512",
    live: "recorder, startTelemetry",
    queue: "recorder, startTelemetry({ spool })",
  };
  printMedians(
    `${denials} denials, a record each, into the Collector's file, none lost`,
    new Map(ways.map((way) => [names[way], median(of(way))])),
    "records/s",
  );
  return [
    {
      what: "records/s through the Collector, none lost: ours / bare",
      value: pairedRatio(of("live"), of("bare")),
      unit: "x",
      target: 0.9,
      atLeast: true,
    },
    {
      what: "the same with the spool on",
      value: pairedRatio(of("queue"), of("bare")),
      unit: "x",
      target: 0.9,
      atLeast: true,
    },
  ];
}

/** Each way in turn, round after round, each run with a Collector of its own. */
export async function sideBySide(
  ways: readonly Way[],
  rounds: number,
  denials: number,
): Promise<Map<Way, Run[]>> {
  const { otelcol } = await requireServers();
  const runs = new Map<Way, Run[]>(ways.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another way.
    for (let turn = 0; turn < ways.length; turn++) {
      const way = ways[(round + turn) % ways.length] ?? "bare";
      runs.get(way)?.push(await run(otelcol, way, denials));
      process.stderr.write(`  round ${round + 1} of ${rounds}: ${way}\n`);
    }
  }
  const keys = new Set([...runs.values()].flat().map((each) => each.keys));
  if (keys.size !== 1) throw new Error(`not the same records: ${[...keys].join("\n")}`);
  return runs;
}

async function run(binary: string, way: Way, denials: number): Promise<Run> {
  return await inFolder(async (folder) => {
    const waiting = path.join(folder, "waiting");
    const tailed = way === "tail" ? waiting : undefined;
    await using farSide = await FarSide.start(binary, path.join(folder, "state"), tailed);
    await using service = await Service.start({
      way,
      endpoint: farSide.endpoint,
      folder: waiting,
      denials,
      burst: BURST,
      pause: 0,
    });
    // A tailed record may have been written long before it arrives.
    await farSide.has(WARM_UP);
    const kept = await bytesIn(waiting);
    let peak = kept;
    const sizing = setInterval(() => {
      void bytesIn(waiting).then((bytes) => (peak = Math.max(peak, bytes)));
    }, 50);
    const before = await farSide.cpuSeconds();
    const start = performance.now();
    service.go();
    try {
      await farSide.has(WARM_UP + denials);
    } finally {
      clearInterval(sizing);
    }
    const seconds = (performance.now() - start) / 1000;
    const { cpuSeconds } = await service.report();
    const collector = (await farSide.cpuSeconds()) - before;
    const { ids, records, keys } = await farSide.arrived();
    if (ids.size !== denials || records !== denials)
      throw new Error(`${way}: ${ids.size} of ${denials} arrived, in ${records} records`);
    return {
      perSecond: denials / seconds,
      serviceCpu: (cpuSeconds / denials) * 1e6,
      collectorCpu: (collector / denials) * 1e6,
      peak: (peak - kept) / denials,
      left: ((await bytesIn(waiting)) - kept) / denials,
      keys,
    };
  });
}

/** A folder for as long as the work takes. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes of the files in a folder; 0 where there is none. */
export async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map(
      async (name) =>
        await stat(path.join(folder, name)).then(
          ({ size }) => size,
          () => 0,
        ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
