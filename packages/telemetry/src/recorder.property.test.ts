import type { LoggerProvider, LogRecord, MeterProvider } from "@opentelemetry/api";
import { denialEvent } from "@pyisolate/policy";
import {
  AggregationTemporality,
  MeterProvider as SdkMeterProvider,
} from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { expect, test } from "vitest";

import type { DenialRecorder } from "./recorder/denial-recorder.ts";
import { flushInOrder } from "./emit/flush.ts";
import { DeliveryReceipt, type DeliveryOutcome } from "./ledger/delivery-receipt.ts";
import { linkedRecorders, linkExporter } from "./provider-link.ts";
import { createDenialRecorder } from "./recorder.ts";
import { BatchReceipts } from "./sdk/delivery/batch-receipts.ts";
import { ExporterStatus } from "./sdk/delivery/exporter-status.ts";
import { LOSS_REASONS } from "./semconv.ts";
import { aTurn } from "./testing/denials.ts";
import { sumOf, TestReader } from "./testing/sdk-double.ts";
import { withTimeout } from "./with-timeout.ts";

/**
 * A logger that throws while `failing`, and whose flush waits while `hanging`. It keeps its records: if it is watched, until a
 * step settles their receipts, as an exporter does; else they have arrived. If it is synced, a denial is to be emitted and
 * written before `record` returns, unless the disk takes nothing.
 */
function moodyLogger(watched: boolean, synced: boolean) {
  const mood = { failing: false, hanging: false, wanted: true, diskTakes: true };
  const arrived: LogRecord[] = [];
  const status = new ExporterStatus();
  let underWay: { record: LogRecord; receipt: DeliveryReceipt | undefined }[] = [];
  let release = () => {};
  const provider: LoggerProvider & { forceFlush(): Promise<void> } = {
    getLogger: () => ({
      enabled: () => mood.wanted,
      emit: (record) => {
        if (mood.failing) throw new Error("failing");
        if (watched) underWay.push({ record, receipt: DeliveryReceipt.take(record.context) });
        else arrived.push(record);
      },
    }),
    forceFlush: async () => {
      if (!mood.hanging) return;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    },
  };
  let written = 0;
  const exporter = {
    get state() {
      return status.state;
    },
    ...(synced && {
      disk: {
        get takes() {
          return mood.diskTakes;
        },
        write: () => {
          written = underWay.length;
        },
      },
    }),
  };
  if (watched) linkExporter(provider, exporter);
  const settle = (count: number, outcome: DeliveryOutcome) => {
    const batch = underWay.slice(0, count);
    underWay = underWay.slice(count);
    const receipts = new BatchReceipts();
    for (const { receipt } of batch) receipts.add(receipt);
    if (outcome === "arrived") {
      arrived.push(...batch.map(({ record }) => record));
      status.exported(receipts);
    } else {
      status.lost(receipts, outcome);
    }
  };
  return {
    mood,
    arrived,
    provider,
    settle,
    /** Denials whose records it has, and nobody knows yet what became of them. */
    underWay: () => sumOf(underWay.map(({ receipt }) => receipt?.denials ?? 0)),
    /** Whether everything that was emitted is written. */
    isWritten: () => written === underWay.length,
    swapped: () => {
      const other = { ...provider };
      if (watched) linkExporter(other, exporter);
      return other;
    },
    release: () => {
      mood.hanging = false;
      release();
    },
  };
}

/** A real meter provider with both kinds of reader; the deltas are added up. */
function twoReaders() {
  const cumulative = new TestReader();
  const delta = new TestReader(AggregationTemporality.DELTA);
  const provider: MeterProvider = new SdkMeterProvider({ readers: [cumulative, delta] });
  const deltas = new Map<string, number>();
  const total = async (metric: string) => {
    // A collection takes the deltas of every metric.
    for (const [name, points] of await delta.all()) {
      deltas.set(name, (deltas.get(name) ?? 0) + sumOf(points.values()));
    }
    const sum = await cumulative.sum(metric);
    expect(deltas.get(metric) ?? 0).toBe(sum);
    return sum;
  };
  return { provider, total };
}

type Step =
  | { do: "record"; cell: number; rule: number; times: number; shadow: boolean }
  | { do: "closed"; cell: number }
  | { do: "turn" | "scrape" | "flush" | "swapMeter" | "swapLogger" | "shutdown" }
  /** What telemetry does where the process ends without a shutdown. */
  | { do: "beforeExit" | "exit" }
  | { do: "settle"; count: number; outcome: DeliveryOutcome }
  | { do: "mood"; failing: boolean; hanging: boolean; wanted: boolean; diskTakes: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      cell: fc.nat(9),
      rule: fc.nat(9),
      times: fc.integer({ min: 1, max: 40 }),
      shadow: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("closed" as const), cell: fc.nat(9) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "turn",
        "turn",
        "scrape",
        "scrape",
        "flush",
        "swapMeter",
        "swapLogger",
        "shutdown",
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("beforeExit", "exit") }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      count: fc.integer({ min: 1, max: 100 }),
      outcome: fc.constantFrom<DeliveryOutcome>("arrived", "arrived", ...LOSS_REASONS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("mood" as const),
      failing: fc.boolean(),
      hanging: fc.boolean(),
      wanted: fc.boolean(),
      diskTakes: fc.boolean(),
    }),
  },
);

function mustBalance(denials: DenialRecorder, denied: number, cells: ReadonlySet<string>): void {
  const ledgers = [denials.ledger(), ...[...cells].map((cell) => denials.ledger(cell))];
  for (const ledger of ledgers) {
    const settled = ledger.emitted + ledger.coalesced + sumOf(Object.values(ledger.dropped));
    expect(settled + ledger.pending).toBe(ledger.denied);
    expect(ledger.pending).toBeGreaterThanOrEqual(0);
  }
  expect(denials.ledger().denied).toBe(denied);
}

function mustBeWritten(isWritten: boolean): void {
  expect(isWritten).toBe(true);
}

function mustBe(counted: number, happened: number): void {
  expect(counted).toBe(happened);
}

test("whatever happens in whatever order, the ledger balances and the counters are exact", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 4, max: 12 }),
      fc.constantFrom("unwatched" as const, "watched" as const, "synced" as const),
      fc.array(step, { maxLength: 40 }),
      async (ringSize, maxSeries, kind, steps) => {
        const synced = kind === "synced";
        const logger = moodyLogger(kind !== "unwatched", synced);
        const meters = [twoReaders()];
        const denials = createDenialRecorder({
          meterProvider: meters[0]?.provider as MeterProvider,
          loggerProvider: logger.provider,
          ringSize,
          maxSeries,
          flushTimeoutMillis: 20,
          shutdownTimeoutMillis: 20,
        });
        const cells = new Set<string>();
        let denied = 0;
        let enforced = 0;
        let ended = false;
        const totals = async (metric: string) =>
          sumOf(await Promise.all(meters.map(async ({ total }) => await total(metric))));
        // Computed as an alert does, from the numbers of one collection.
        const residual = async () => {
          const told = await totals("pyisolate.denial.records");
          return denied - told - denials.ledger().pending;
        };
        for (const now of steps) {
          switch (now.do) {
            case "record":
              cells.add(`c${now.cell}`);
              for (let time = 0; time < now.times; time++) {
                denials.record(
                  denialEvent({
                    cell: `c${now.cell}`,
                    capability: "network",
                    operation: "connect",
                    policyRule: `r${now.rule}`,
                    enforced: !now.shadow,
                  }),
                );
                const mayWait = !synced || !logger.mood.diskTakes || ended;
                mustBeWritten(mayWait || logger.isWritten());
              }
              denied += now.times;
              if (!now.shadow) enforced += now.times;
              break;
            case "closed":
              denials.closed({ cell: `c${now.cell}`, denials: 0, allowed: 0, cause: "closed" });
              break;
            case "turn":
              await aTurn();
              break;
            case "scrape":
              mustBe(await totals("pyisolate.denial.events"), denied);
              mustBe(await totals("pyisolate.denials"), enforced);
              mustBe(await residual(), 0);
              break;
            case "flush":
              await denials.flush();
              break;
            case "swapMeter":
              meters.push(twoReaders());
              denials.setMeterProvider(meters.at(-1)?.provider as MeterProvider);
              break;
            case "swapLogger":
              denials.setLoggerProvider(logger.swapped());
              break;
            case "beforeExit":
              await withTimeout(
                flushInOrder(linkedRecorders(), async () => {
                  logger.settle(Number.POSITIVE_INFINITY, "arrived");
                }),
                20,
                { keepAlive: true },
              );
              break;
            case "exit":
              for (const recorder of linkedRecorders()) recorder.emitNow();
              mustBe(denials.ledger().pending, logger.underWay());
              break;
            case "settle":
              logger.settle(now.count, now.outcome);
              break;
            case "mood":
              Object.assign(logger.mood, now);
              if (!now.hanging) logger.release();
              break;
            case "shutdown":
              ended = true;
              await denials.shutdown();
              break;
            default:
              throw new Error("no such step");
          }
          mustBalance(denials, denied, cells);
        }
        logger.release();
        await denials.shutdown();
        mustBalance(denials, denied, cells);
        logger.settle(Number.POSITIVE_INFINITY, "shutdown");
        mustBalance(denials, denied, cells);
        const ledger = denials.ledger();
        expect(ledger.pending).toBe(0);
        const told = logger.arrived.filter((record) => record.eventName === "pyisolate.denial");
        expect(told).toHaveLength(ledger.emitted);
        const counts = told.map((record) => Number(record.attributes?.["pyisolate.denial.count"]));
        expect(sumOf(counts)).toBe(ledger.emitted + ledger.coalesced);
        expect(await totals("pyisolate.denial.events")).toBe(denied);
        expect(await totals("pyisolate.denial.records")).toBe(denied);
        expect(await totals("pyisolate.decisions")).toBe(enforced);
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);
