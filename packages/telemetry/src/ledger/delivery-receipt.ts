import { createContextKey, ROOT_CONTEXT, type Context } from "@opentelemetry/api";

import type { LossReason } from "../semconv.ts";

/** What became of a record in the end. */
export type DeliveryOutcome = "arrived" | LossReason;

/** Learns what became of its records: a cell, whose ledger they are in. */
export interface ReceiptOwner {
  /** Called once for each record, alone or with others; must not throw. */
  settle(outcome: DeliveryOutcome, records: number, denials: number): void;
}

/** The number is raised when the receipt's methods change. */
const KIND = "pyisolate delivery receipt 1";

/**
 * Goes with one record to its exporter, which settles it when the record is delivered or lost: Vector's finalizer, Kafka's
 * delivery report. It travels in the record's Context, which the SDK's logger passes to its processors with the record.
 */
export class DeliveryReceipt {
  readonly owner: ReceiptOwner;
  /** Denials that the record stands for. */
  readonly denials: number;
  /** What it is, also for another copy of this package in the process. */
  readonly kind = KIND;
  #taken = false;

  constructor(owner: ReceiptOwner, denials: number) {
    this.owner = owner;
    this.denials = denials;
  }

  /** Whether a processor has the record, and will settle the receipt. */
  get taken(): boolean {
    return this.#taken;
  }

  /** To be called by the processor that settles it. @returns false the second time. */
  take(): boolean {
    const isFirst = !this.#taken;
    this.#taken = true;
    return isFirst;
  }

  /** The record's context, with this receipt in it. */
  in(context: Context = ROOT_CONTEXT): Context {
    return context.setValue(KEY, this);
  }

  /**
   * Takes the receipt out of a record's context, for the processor that settles it. Undefined for a record of other
   * instrumentation, and the second time: a logger with two processors would have it settled twice.
   */
  static take(context: Context | undefined): DeliveryReceipt | undefined {
    const receipt = context?.getValue(KEY);
    return isReceipt(receipt) && receipt.take() ? receipt : undefined;
  }
}

const KEY = createContextKey("pyisolate delivery receipt");

function isReceipt(value: unknown): value is DeliveryReceipt {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === KIND;
}
