import type { Context, LogRecord } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { Cell } from "../cells/cell.ts";
import { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import type { Burst } from "../queue/burst.ts";
import type { ClosedCell } from "../queue/closed-cells.ts";
import type { QueuedRecord } from "../queue/record-queue.ts";
import type { CustomRedaction } from "../records/custom-redaction.ts";
import { denialLogRecord } from "../records/denial-record.ts";
import { cellClosedLogRecord } from "../records/lifecycle-records.ts";
import { denialSeverity } from "../records/severity.ts";
import { EVENTS, OTHER } from "../semconv.ts";
import type { LoggerBinding } from "./logger-binding.ts";

/** Makes log records of what comes out of the queue and gives them to the logger. Counts a denial without a record as dropped. */
export class Emitter {
  readonly #logger: LoggerBinding;
  readonly #ledgers: Ledgers<Cell>;
  readonly #redaction: CustomRedaction;

  constructor(logger: LoggerBinding, ledgers: Ledgers<Cell>, redaction: CustomRedaction) {
    this.#logger = logger;
    this.#ledgers = ledgers;
    this.#redaction = redaction;
  }

  /** Never throws. @returns how many records the logger took: one, or none. */
  emit(queued: QueuedRecord<Cell>): 0 | 1 {
    switch (queued.kind) {
      case "denial":
        return this.#denial(queued.event, queued.context, queued.cell);
      case "burst":
        return this.#denial(queued.first, queued.context, queued.cell, queued);
      case "closed":
        return this.#closedCell(queued);
    }
  }

  /** Emits a record that stands for no denial. A failure is not reported, because the counters say the same. */
  announce(make: () => LogRecord): 0 | 1 {
    try {
      const record = make();
      if (!this.#logger.wants(record)) return 0;
      this.#logger.emit(record);
      return 1;
    } catch {
      // The logger threw, or the host's totals are not numbers.
      return 0;
    }
  }

  #closedCell({ totals, cell, context, time }: ClosedCell<Cell>): 0 | 1 {
    const emitted = this.announce(() => {
      const ledger = cell.ledger.read(cell.closedAt);
      // A cell that shares the ledger of `_other` has none of its own to show: that one has denials of other cells too.
      const isOwn = cell.name !== OTHER && ledger.denied >= totals.denials;
      return cellClosedLogRecord(totals, isOwn ? ledger : undefined, time, context);
    });
    cell.closedAt = cell.ledger.read();
    return emitted;
  }

  #denial(event: DenialEvent, context: Context, cell: Cell, burst?: Burst<Cell>): 0 | 1 {
    const count = burst?.count ?? 1;
    try {
      const eventName = EVENTS.denial.name;
      // Asked before the record is built, so that an unwanted one costs next to nothing.
      if (!this.#logger.wants({ eventName, severityNumber: denialSeverity(event), context })) {
        this.#ledgers.drop(cell, count, "disabled");
        return 0;
      }
      const tail = burst && { count, last: burst.last, sample: burst.sample.events };
      const record = denialLogRecord(event, context, tail, this.#redaction.target);
      if (this.#logger.emit(record, new DeliveryReceipt(cell, count))) return 1;
      this.#ledgers.drop(cell, count, "disabled");
    } catch {
      this.#ledgers.drop(cell, count, "emit_failed");
    }
    return 0;
  }
}
