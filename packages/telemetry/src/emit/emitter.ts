import type { Context, LogRecord } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { QueueReader } from "../queue/record-queue.ts";
import { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import type { Burst } from "../queue/burst.ts";
import type { Cell } from "../cells/cell.ts";
import { denialLogRecord, type BurstTail } from "../records/denial-record.ts";
import { cellClosedLogRecord } from "../records/lifecycle-records.ts";
import type { LoggerBinding } from "./logger-binding.ts";
import type { ClosedCell } from "../queue/closed-cells.ts";
import type { CustomRedaction } from "../records/custom-redaction.ts";
import { EVENTS } from "../semconv.ts";
import { denialSeverity } from "../records/severity.ts";

/** Makes log records of what comes out of the backlog and hands them to the logger; what has none is in the books. */
export class Emitter implements QueueReader<Cell> {
  readonly #logger: LoggerBinding;
  readonly #ledgers: Ledgers<Cell>;
  readonly #redaction: CustomRedaction;
  /** Records handed on since whoever paces them last set it to 0. */
  unpaced = 0;

  constructor(logger: LoggerBinding, ledgers: Ledgers<Cell>, redaction: CustomRedaction) {
    this.#logger = logger;
    this.#ledgers = ledgers;
    this.#redaction = redaction;
  }

  burst({ cell, first, last, count, context, sample }: Burst<Cell>): void {
    this.#denial(first, context, cell, count, () => ({ count, last, sample: sample.events }));
  }

  event(event: DenialEvent, context: Context, cell: Cell): void {
    this.#denial(event, context, cell, 1, () => undefined);
  }

  closedCell({ totals, cell, context, time }: ClosedCell<Cell>): void {
    // The ledger is of denials; a cell's end that cannot be told is in its own denials' records.
    this.announce(() =>
      cellClosedLogRecord(totals, cell.ledger.read(cell.closedAt), time, context),
    );
    cell.closedAt = cell.ledger.read();
  }

  /** A record that tells of no denial: where it cannot be told, the counters tell it alone. */
  announce(make: () => LogRecord): void {
    try {
      const record = make();
      if (!this.#logger.wants(record)) return;
      this.#logger.emit(record);
      this.unpaced += 1;
    } catch {
      // A logger that throws, or totals that are none.
    }
  }

  #denial(
    event: DenialEvent,
    context: Context,
    cell: Cell,
    count: number,
    tail: () => BurstTail | undefined,
  ): void {
    try {
      const eventName = EVENTS.denial.name;
      // Asked before the record is built: one that nobody wants costs next to nothing.
      if (!this.#logger.wants({ eventName, severityNumber: denialSeverity(event), context })) {
        this.#ledgers.drop(cell, count, "disabled");
        return;
      }
      const record = denialLogRecord(event, context, tail(), this.#redaction.target);
      if (this.#logger.emit(record, new DeliveryReceipt(cell, count))) this.unpaced += 1;
      else this.#ledgers.drop(cell, count, "disabled");
    } catch {
      this.#ledgers.drop(cell, count, "emit_failed");
    }
  }
}
