import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";

import { type DenialEvent, denialEvent } from "@pyisolate/policy";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry, type Telemetry } from "@pyisolate/telemetry/sdk";

import { median, pairedRatio, sideBySide, timed, type Case } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

/** Denials of one turn. */
const BURST = 64;
/** Bytes of a record with its resource, as the spool has it. */
const RECORD = Buffer.alloc(1300, "x");

const NAMES = {
  spool: "record(), startTelemetry({ spool })",
  sync: 'record(), startTelemetry({ spool, durability: "sync" })',
  write: "a bare write of as many bytes and fdatasync",
  plain: "from record() to the spool: CPU",
  chained: "from record() to the spool, integrity: true: CPU",
} as const;

/**
 * What audit grade costs: in the refused call, where the caller waits for the disk, and in all, where records are chained. No
 * server: what is sent is the same either way.
 */
export async function audit(rounds: number): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "pyisolate-audit-"));
  const services = {
    spool: service(path.join(folder, "spool"), {}),
    sync: service(path.join(folder, "sync"), { durability: "sync" }),
    chained: service(path.join(folder, "chained"), { integrity: true }),
  };
  const file = openSync(path.join(folder, "bare"), "ax");
  const events = Array.from({ length: BURST }, (_, index) =>
    denialEvent({
      cell: "tenant-a",
      capability: "filesystem",
      operation: "read",
      target: `/etc/${index}`,
      policyRule: "etc",
      reason: "explicit_deny",
    }),
  );
  try {
    const cases: Case[] = [
      { name: NAMES.spool, run: inCall(services.spool, events) },
      { name: NAMES.sync, run: inCall(services.sync, events) },
      {
        name: NAMES.write,
        run: (times) =>
          timed(times, () => {
            writeSync(file, RECORD);
            fdatasyncSync(file);
          }),
      },
      { name: NAMES.plain, run: toDisk(services.spool, events) },
      { name: NAMES.chained, run: toDisk(services.chained, events) },
    ];
    const samples = await sideBySide(cases, { rounds, times: BURST * 4 });
    const of = (name: string): number[] => samples.get(name) ?? [];
    printMedians(
      "Audit grade, a denial",
      new Map(Object.values(NAMES).map((name) => [name, median(of(name)) / 1000])),
      "us",
    );
    return [
      {
        what: "sync / spool: in the refused call",
        value: pairedRatio(of(NAMES.sync), of(NAMES.spool)),
      },
      {
        what: "sync / a bare write and fdatasync",
        value: pairedRatio(of(NAMES.sync), of(NAMES.write)),
      },
      {
        what: "integrity / none: CPU to the spool",
        value: pairedRatio(of(NAMES.chained), of(NAMES.plain)),
      },
    ].map((figure) => ({ ...figure, unit: "x" }));
  } finally {
    closeSync(file);
    for (const { end } of Object.values(services)) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Service = ReturnType<typeof service>;

function service(spool: string, options: { durability?: "sync"; integrity?: boolean }) {
  const otel: Telemetry = startTelemetry({
    ...options,
    spool: { directory: spool, maxBytes: 1_000_000_000 },
    endpoint: "http://127.0.0.1:1",
    metrics: "none",
    global: false,
    shutdownTimeoutMillis: 1,
  });
  const { loggerProvider, meterProvider } = otel;
  const denials = createDenialRecorder({
    loggerProvider,
    meterProvider,
    recordsPerSecond: 1_000_000,
    shutdownTimeoutMillis: 1000,
  });
  let denied = 0;
  return {
    record(event: DenialEvent): void {
      denied += 1;
      denials.record(event);
    },
    /** Until all of it is on disk. */
    async settle(): Promise<void> {
      while (otel.delivery().onDisk < denied) await turn();
    },
    async end(): Promise<void> {
      await denials.shutdown();
      await otel.shutdown();
    },
  };
}

/** Nanoseconds of the caller. */
function inCall(of: Service, events: readonly DenialEvent[]): Case["run"] {
  return async (times) => {
    let total = 0;
    for (let done = 0; done < times; done += BURST) {
      let next = 0;
      total += timed(BURST, () => of.record(events[next++] as DenialEvent)) * BURST;
      await of.settle();
    }
    return total / times;
  };
}

/** Nanoseconds of CPU, of the caller and of the turns after it. */
function toDisk(of: Service, events: readonly DenialEvent[]): Case["run"] {
  return async (times) => {
    const before = process.cpuUsage();
    for (let done = 0; done < times; done += BURST) {
      for (const event of events) of.record(event);
      await of.settle();
    }
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / times;
  };
}
