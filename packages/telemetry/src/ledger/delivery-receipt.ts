import type { LossReason } from "../semconv.ts";

/** What became of a record in the end. */
export type DeliveryOutcome = "arrived" | LossReason;

/** Whose denials records tell, and who therefore wants to know what became of them. */
export interface ReceiptOwner {
  /** Called once for each record, alone or with others; must not throw. */
  settle(outcome: DeliveryOutcome, records: number, denials: number): void;
}

/** Goes with one record, whatever is made of it on its way. */
export interface DeliveryReceipt {
  readonly owner: ReceiptOwner;
  /** Denials that the record stands for. */
  readonly denials: number;
}
