import { context, type LoggerProvider, type MeterProvider } from "@opentelemetry/api";
import type { CapabilityName, CellTotals, DenialEvent, Policy } from "@pyisolate/policy";
import { mustHold } from "@pyisolate/policy/options";

import { BoundedCells } from "./cells/bounded-cells.ts";
import type { Cell } from "./cells/cell.ts";
import type { DenialRecorder } from "./recorder/denial-recorder.ts";
import { Drain } from "./emit/drain.ts";
import { Emitter } from "./emit/emitter.ts";
import { Flush } from "./emit/flush.ts";
import { LoggerBinding } from "./emit/logger-binding.ts";
import type { Failure, Health } from "./health.ts";
import type { DeliveryOutcome } from "./ledger/delivery-receipt.ts";
import { LedgerCounts, type Ledger } from "./ledger/ledger.ts";
import { Ledgers } from "./ledger/ledgers.ts";
import { DecisionSeries } from "./metrics/decision-series.ts";
import { EventSeriesTable } from "./metrics/event-series.ts";
import { foldedSeries } from "./metrics/folded-series.ts";
import { MeterBinding } from "./metrics/meter-binding.ts";
import { PolicySeries } from "./metrics/series-budget-warning.ts";
import { newSeries, CounterBuffer } from "./metrics/counter-buffer.ts";
import { linkRecorder } from "./provider-link.ts";
import { RecordQueue } from "./queue/record-queue.ts";
import { RecorderHealth } from "./recorder/recorder-health.ts";
import { LOGGER_PROVIDER, METER_PROVIDER, recorderSettings } from "./recorder/recorder-options.ts";
import type { DenialRecorderOptions, RecorderSettings } from "./recorder/recorder-options.ts";
import { CustomRedaction } from "./records/custom-redaction.ts";
import { policyLoadedLogRecord } from "./records/lifecycle-records.ts";

/**
 * Creates a sink that turns denials into exact counters and log records, through the global OpenTelemetry providers or those
 * given.
 *
 * @throws TypeError if an option is unknown or out of its range.
 * @example
 * await using denials = createDenialRecorder();
 * denials.record(denialEvent({ cell: "tenant-a", capability: "filesystem", operation: "read", target: "/etc/shadow" }));
 */
export function createDenialRecorder(options?: DenialRecorderOptions): DenialRecorder {
  return new Recorder(recorderSettings(options));
}

class Recorder implements DenialRecorder {
  readonly #settings: RecorderSettings;
  readonly #counters = new CounterBuffer();
  readonly #ledgers = new Ledgers<Cell>(this.#counters, (cell, outcome) => {
    this.#settled(cell, outcome);
  });
  readonly #decisions: DecisionSeries;
  readonly #eventSeries: EventSeriesTable;
  readonly #cells: BoundedCells;
  readonly #policyLoads = newSeries("policyLoads", {});
  readonly #folded = foldedSeries();
  readonly #policies: PolicySeries;
  readonly #queue: RecordQueue<Cell>;
  readonly #meter: MeterBinding;
  readonly #log: LoggerBinding;
  readonly #health: RecorderHealth;
  readonly #drain: Drain;
  readonly #flush: Flush;
  readonly #forget: () => void;
  #over = false;
  #ended: Promise<void> | undefined;

  constructor(settings: RecorderSettings) {
    this.#settings = settings;
    const redaction = new CustomRedaction(settings.redact, this.#counters);
    this.#decisions = new DecisionSeries(settings.capabilities);
    this.#eventSeries = new EventSeriesTable(settings.maxSeries, settings.capabilities);
    this.#cells = new BoundedCells(settings.maxSeries, this.#ledgers);
    this.#policies = new PolicySeries(settings.maxSeries);
    this.#queue = new RecordQueue(settings.ringSize, settings.recordsPerSecond);
    this.#log = new LoggerBinding(settings.loggerProvider);
    this.#health = new RecorderHealth(
      this.#log,
      this.#ledgers.total,
      () => this.#meter.exporter?.state.failing,
    );
    this.#meter = new MeterBinding(
      this.#counters,
      [
        ...this.#decisions.allSeries,
        ...this.#ledgers.allSeries,
        ...redaction.allSeries,
        this.#policyLoads,
        ...Object.values(this.#folded),
      ],
      // After shutdown the gauges show the exporter's health: that the recorder has ended, its owner knows.
      () => (this.#ended === undefined ? this.health() : this.#health.exporters()),
      settings.meterProvider,
    );
    const emitter = new Emitter(this.#log, this.#ledgers, redaction);
    this.#drain = new Drain(this.#queue, this.#log, this.#ledgers, emitter, this.#meter);
    this.#flush = new Flush(this.#drain, this.#log, this.#meter, this.#ledgers.total);
    this.#forget = linkRecorder({
      flush: async () => {
        await this.#flush.records(settings.flushTimeoutMillis);
      },
      flushClosedCells: async () => await this.#drain.finishClosedCells(),
      emitNow: () => {
        this.#drain.finishNow();
      },
      health: () => this.health(),
      denied: () => this.#ledgers.total.denied,
    });
  }

  get recordsFirst(): boolean {
    return this.#log.disk !== undefined;
  }

  record(event: DenialEvent): void {
    let cell = this.#cells.other;
    let counted = false;
    try {
      cell = this.#cells.find(event.cell);
      const series = this.#eventSeries.find(event);
      this.#counters.count(series);
      this.#ledgers.deny(cell);
      counted = true;
      if (event.enforced) {
        this.#counters.count(cell.series);
        this.#decisions.deny(event.capability, this.#counters);
      }
      if (cell.folded) this.#counters.count(this.#folded.cell);
      if (series.folded) this.#counters.count(this.#folded.policy_rule);
      if (series.isOfOthers) this.#counters.count(this.#folded.capability);
      this.#cells.reopen(cell);
      if (this.#ended !== undefined) {
        this.#ledgers.drop(cell, 1, "shutdown");
        if (this.#over) this.#meter.flush();
        return;
      }
      this.#drain.take(event, context.active(), cell, series);
    } catch {
      if (!counted) {
        // The ledger counts it as a denial, so the counter has to as well, or the two would not agree.
        this.#counters.count(this.#eventSeries.overflow);
        this.#ledgers.deny(cell);
      }
      this.#ledgers.drop(cell, 1, "invalid");
      if (this.#ended === undefined) this.#drain.schedule();
    }
  }

  allowed(capability: CapabilityName): void {
    const isFolded = this.#decisions.allow(capability, this.#counters);
    if (isFolded) this.#counters.count(this.#folded.capability);
  }

  closed(totals: CellTotals): void {
    try {
      const cell = this.#cells.find(totals.cell);
      this.#cells.close(cell);
      if (this.#ended !== undefined) return;
      const now = { context: context.active(), time: Date.now() };
      const isKept = this.#queue.pushClosedCell({ kind: "closed", totals, cell, ...now });
      if (isKept) this.#drain.schedule();
    } catch {
      // The totals are not a cell's. Nothing has been counted for it, so nothing is lost.
    }
  }

  policyLoaded(policy: Policy): void {
    try {
      const warning = this.#policies.load(policy);
      this.#counters.count(this.#policyLoads);
      if (this.#ended === undefined) {
        this.#drain.announce(policyLoadedLogRecord(policy, Date.now()));
      }
      if (warning !== undefined) process.emitWarning(warning);
    } catch {
      // The argument is not a policy: there is nothing to report.
    }
  }

  policyFile(path: string, failing: Failure | undefined): void {
    this.#health.policyFile(path, failing);
  }

  ledger(cell?: string): Ledger {
    if (cell === undefined) return this.#ledgers.total.read();
    return (this.#cells.ledger(cell) ?? new LedgerCounts()).read();
  }

  health(): Health {
    return this.#health.read(this.#ended !== undefined);
  }

  async flush(): Promise<void> {
    await this.#flush.everything(this.#settings.flushTimeoutMillis);
  }

  async shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  setMeterProvider(provider: MeterProvider): void {
    mustHold("meterProvider", provider, METER_PROVIDER);
    this.#meter.set(provider);
  }

  setLoggerProvider(provider: LoggerProvider): void {
    mustHold("loggerProvider", provider, LOGGER_PROVIDER);
    this.#log.set(provider);
  }

  #settled(cell: Cell, outcome: DeliveryOutcome): void {
    this.#flush.settled();
    if (this.#over) this.#afterEnd();
    // A closed cell may have waited for this; a loss is reported in the stream.
    else if (this.#ended === undefined && (cell.isClosing || outcome !== "arrived"))
      this.#drain.schedule();
  }

  async #end(): Promise<void> {
    await this.#flush.end(this.#settings.shutdownTimeoutMillis);
    this.#forget();
    this.#over = true;
    this.#afterEnd();
  }

  // The gauges stay while records are on their way: without them a dashboard's ledger would not balance.
  #afterEnd(): void {
    this.#meter.flush();
    if (this.#ledgers.total.pending === 0) this.#meter.release();
  }
}
