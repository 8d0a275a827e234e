import { context, type LoggerProvider, type MeterProvider } from "@opentelemetry/api";
import type { Capability, CellTotals, DenialEvent, DenialSink, Policy } from "@pyisolate/policy";

import { Backlog } from "./backlog.ts";
import { Books } from "./books.ts";
import { Cells } from "./cells.ts";
import { Decisions } from "./decisions.ts";
import { Drain } from "./drain.ts";
import { Account, type Ledger } from "./ledger.ts";
import { HealthWatch, type Health } from "./health.ts";
import { Losses } from "./losses.ts";
import { addRecorder } from "./live.ts";
import { LogOutlet } from "./log-outlet.ts";
import { MeterOutlet } from "./meter-outlet.ts";
import { PolicyWatch } from "./policy-watch.ts";
import { mustProvide, recorderSettings } from "./recorder-options.ts";
import type { DenialRecorderOptions, RecorderSettings } from "./recorder-options.ts";
import { Redactor } from "./redactor.ts";
import { EventRows } from "./rows.ts";
import { ATTRIBUTES as A } from "./semconv.ts";
import { newRow, Tally } from "./tally.ts";
import { within } from "./within.ts";

/** Counts denials and makes them log records. Everything synchronous on it never throws and never waits. */
export interface DenialRecorder extends DenialSink, AsyncDisposable {
  allowed(capability: Capability): void;
  closed(totals: CellTotals): void;
  /** Says by a process warning, a `SeriesBudgetWarning`, where a policy needs more series than there is room for. */
  policyLoaded(policy: Policy): void;
  /**
   * What became of the denials of the process, or of one cell. A cell past the series budget, or closed long ago, is
   * accounted for under `_other`, and that ledger is returned.
   */
  ledger(cell?: string): Ledger;
  /** Whether log records reach anybody, as of now. */
  health(): Health;
  /** Resolves when everything recorded so far has been handed on and the providers have flushed, or time is up. */
  flush(): Promise<void>;
  /** As {@link flush}, once; what is recorded from then on is counted, without a log record. */
  shutdown(): Promise<void>;
  /** Hands what has been counted to the meter so far, then goes on with this provider's. */
  setMeterProvider(provider: MeterProvider): void;
  setLoggerProvider(provider: LoggerProvider): void;
}

/**
 * Makes a sink that turns denials into exact counters and log records, through the global OpenTelemetry providers or those
 * given.
 *
 * @throws TypeError where an option is unknown or out of its range.
 * @example
 * await using denials = createDenialRecorder();
 * denials.record(denialEvent({ cell: "tenant-a", capability: "filesystem", operation: "read", target: "/etc/shadow" }));
 */
export function createDenialRecorder(options?: DenialRecorderOptions): DenialRecorder {
  return new Recorder(recorderSettings(options));
}

/** The last counts are waited for this long even where records have used up all the time, milliseconds. */
const LAST_COUNTS = 1000;

class Recorder implements DenialRecorder {
  readonly #settings: RecorderSettings;
  readonly #tally: Tally = new Tally(() => {
    this.#losses.claim(this.#log.farEnd);
  });
  readonly #losses = new Losses(this.#tally);
  readonly #health = new HealthWatch();
  readonly #books = new Books(this.#tally);
  readonly #decisions = new Decisions();
  readonly #rows: EventRows;
  readonly #cells: Cells;
  readonly #foldedCell = newRow("folded", { [A.dimension.name]: "cell" });
  readonly #foldedRule = newRow("folded", { [A.dimension.name]: "policy_rule" });
  readonly #policies: PolicyWatch;
  readonly #backlog: Backlog;
  readonly #meter: MeterOutlet;
  readonly #log: LogOutlet;
  readonly #drain: Drain;
  readonly #forget: () => void;
  #ended: Promise<void> | undefined;

  constructor(settings: RecorderSettings) {
    this.#settings = settings;
    const redactor = new Redactor(settings.redact, this.#tally);
    this.#rows = new EventRows(settings.maxSeries);
    this.#cells = new Cells(settings.maxSeries);
    this.#policies = new PolicyWatch(settings.maxSeries);
    this.#backlog = new Backlog(settings.ringSize, settings.recordsPerSecond);
    this.#log = new LogOutlet(settings.loggerProvider);
    this.#meter = new MeterOutlet(
      this.#tally,
      [
        ...this.#decisions.rows,
        ...this.#books.rows,
        ...this.#losses.rows,
        ...redactor.rows,
        this.#foldedCell,
        this.#foldedRule,
      ],
      () => this.#books.total.pending,
      settings.meterProvider,
    );
    this.#drain = new Drain(this.#backlog, this.#log, this.#books, redactor, () => {
      this.#meter.flush();
    });
    this.#forget = addRecorder({
      flush: async () => {
        await this.#handOn(settings.flushTimeoutMillis);
      },
      health: () => this.health(),
    });
  }

  record(event: DenialEvent): void {
    let cell = this.#cells.other;
    let counted = false;
    try {
      cell = this.#cells.find(event.cell);
      const row = this.#rows.find(event);
      this.#tally.count(row);
      this.#books.deny(cell);
      counted = true;
      if (event.enforced) {
        this.#tally.count(cell.row);
        this.#decisions.deny(event.capability, this.#tally);
      }
      if (cell.folded) this.#tally.count(this.#foldedCell);
      if (row.folded) this.#tally.count(this.#foldedRule);
      this.#cells.reopen(cell);
      if (this.#ended !== undefined) {
        this.#books.drop(cell, 1, "shutdown");
        this.#meter.flush();
        return;
      }
      if (!this.#backlog.push(event, context.active(), cell, row)) {
        this.#books.drop(cell, 1, "ring_full");
      }
      this.#drain.schedule();
    } catch {
      if (!counted) this.#books.deny(cell);
      this.#books.drop(cell, 1, "invalid");
      if (this.#ended === undefined) this.#drain.schedule();
    }
  }

  allowed(capability: Capability): void {
    this.#decisions.allow(capability, this.#tally);
  }

  closed(totals: CellTotals): void {
    try {
      const cell = this.#cells.find(totals.cell);
      this.#cells.close(cell);
      if (this.#ended !== undefined) return;
      const notice = { totals, cell, context: context.active(), time: Date.now() };
      if (this.#backlog.pushNotice(notice)) this.#drain.schedule();
    } catch {
      // Not a cell: nothing of it has been counted, so nothing is lost.
    }
  }

  policyLoaded(policy: Policy): void {
    try {
      const warning = this.#policies.load(policy);
      if (warning !== undefined) process.emitWarning(warning);
    } catch {
      // Not a policy: there is nothing to say of it.
    }
  }

  ledger(cell?: string): Ledger {
    if (cell === undefined) return this.#ledger();
    return (this.#cells.account(cell) ?? new Account()).read();
  }

  health(): Health {
    this.#losses.claim(this.#log.farEnd);
    const { pending, dropped } = this.#books.total;
    const { ring_full, emit_failed, shutdown } = dropped;
    return this.#health.read({
      deaf: this.#ended === undefined ? this.#log.deaf : "the recorder has been shut down",
      failing: this.#log.farEnd?.state.failing,
      pending,
      lost: this.#losses.total + ring_full + emit_failed + shutdown,
    });
  }

  async flush(): Promise<void> {
    const timeout = this.#settings.flushTimeoutMillis;
    const deadline = Date.now() + timeout;
    await this.#handOn(timeout);
    await this.#flushProviders(Math.max(deadline - Date.now(), 1));
  }

  async shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  setMeterProvider(provider: MeterProvider): void {
    mustProvide("meterProvider", provider, "getMeter");
    this.#meter.set(provider);
  }

  setLoggerProvider(provider: LoggerProvider): void {
    mustProvide("loggerProvider", provider, "getLogger");
    this.#losses.claim(this.#log.farEnd);
    this.#log.set(provider);
  }

  #ledger(): Ledger {
    this.#losses.claim(this.#log.farEnd);
    const ledger = this.#books.total.read();
    const lost = this.#losses.read();
    return lost === undefined ? ledger : { ...ledger, lost };
  }

  async #handOn(timeout: number): Promise<void> {
    await within(this.#drain.finish(), timeout, { keepAlive: true });
    this.#meter.flush();
  }

  async #flushProviders(timeout: number): Promise<void> {
    const patience = { timeout, keepAlive: true };
    await Promise.all([this.#log.forceFlush(patience), this.#meter.forceFlush(patience)]);
  }

  async #end(): Promise<void> {
    const timeout = this.#settings.shutdownTimeoutMillis;
    const deadline = Date.now() + timeout;
    await this.#handOn(timeout);
    this.#drain.end();
    this.#meter.release();
    this.#forget();
    await this.#flushProviders(Math.max(deadline - Date.now(), LAST_COUNTS));
  }
}
