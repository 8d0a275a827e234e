import { context, type Context } from "@opentelemetry/api";
import type { LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";

import { DeliveryReceipt } from "../../ledger/delivery-receipt.ts";
import type { DeliveryState, ProviderExporter } from "../../provider-link.ts";
import type { LossReason } from "../../semconv.ts";
import { requestOf, type LogExporter } from "./log-exporter.ts";
import type { DeliveryStatus } from "../delivery/delivery-status.ts";
import { BatchReceipts } from "../delivery/batch-receipts.ts";
import type { Spool } from "../spool/spool.ts";
import { TRACING_SUPPRESSED } from "../otlp/suppress-tracing.ts";

export interface QueueLimits {
  /** Records held at most. */
  readonly queueSize: number;
  /** Records in one request at most. */
  readonly batchSize: number;
  /** Milliseconds that a record waits for others to go with it. */
  readonly batchDelay: number;
}

/** How often the folder is looked through for what other processes have left, milliseconds. */
const ADOPT_EVERY = 30_000;

/** How long a spool that cannot be read is left alone, milliseconds. */
const STUCK_FOR = 1000;

interface Emitted {
  readonly record: ReadableLogRecord;
  readonly receipt: DeliveryReceipt | undefined;
}

/**
 * Holds log records until the far end has taken them, one request at a time, in order: on disk where there is a spool, else
 * for as long as its memory allows. A record is lost only when there is no room, when it is refused, or at the end, and
 * every loss is told. The SDK's batch processor gives each batch 30 seconds and its exporter about ten, on timers that keep
 * the process up.
 */
export class QueuedLogRecordProcessor implements LogRecordProcessor, ProviderExporter {
  readonly #exporter: LogExporter;
  readonly #status: DeliveryStatus;
  readonly #limits: QueueLimits;
  readonly #spool: Spool | undefined;
  readonly #adopting: NodeJS.Timeout | undefined;
  /** Emitted in this very turn, and to be written at its end. */
  #fresh: Emitted[] = [];
  #queue: Emitted[] = [];
  /** In the queue, or of it and under way. */
  #held = 0;
  #timer: NodeJS.Timeout | undefined;
  #pumping: Promise<boolean> | undefined;
  #stuck = false;
  #ended = false;
  #waitForRoom: ((value: undefined) => void)[] = [];

  constructor(exporter: LogExporter, status: DeliveryStatus, limits: QueueLimits, spool?: Spool) {
    this.#exporter = exporter;
    this.#status = status;
    this.#limits = limits;
    this.#spool = spool;
    if (spool === undefined) return;
    if (!spool.isEmpty) this.#soon();
    this.#adopting = setInterval(() => {
      spool.adopt();
      if (!spool.isEmpty) this.#soon();
    }, ADOPT_EVERY).unref();
  }

  get state(): DeliveryState {
    return this.#status.state;
  }

  /** Records that are neither delivered nor lost. */
  get waiting(): number {
    return this.#fresh.length + this.#held + this.onDisk;
  }

  /** Of these, those that a later process will send, whatever becomes of this one. */
  get onDisk(): number {
    return this.#spool?.waiting ?? 0;
  }

  onEmit(record: ReadableLogRecord, context?: Context): void {
    const emitted = { record, receipt: DeliveryReceipt.take(context) };
    if (this.#ended) {
      this.#status.lost(receiptsOf([emitted]), "shutdown");
    } else if (this.#spool === undefined) {
      this.#keep(emitted, "queue_full");
      this.#soon();
    } else if (this.#fresh.push(emitted) === 1) {
      // One write for all that this turn emits, before anything else can happen.
      queueMicrotask(() => {
        this.#write();
      });
    }
  }

  /** Resolves when everything emitted so far is on disk, delivered or lost; without a spool that may be never. */
  async forceFlush(): Promise<void> {
    this.#write();
    while (this.#held > 0) await this.#pump();
  }

  /**
   * Resolves when no more than two batches wait in memory: one under way, one to follow it. Whoever emits faster than the
   * far end takes then never has it wait for the next record, and never fills the queue.
   */
  async room(): Promise<void> {
    this.#write();
    while (!this.#ended && this.#held > 2 * this.#limits.batchSize) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#waitForRoom.push(resolve);
      void this.#pump();
      await promise;
    }
  }

  /** Resolves when nothing waits any more, which may be never. */
  async delivered(): Promise<void> {
    this.#write();
    // Where a spool cannot be read at the moment, waiting for it would be a loop without end.
    while (!this.#ended && !this.#isEmpty) if (!(await this.#pump())) return;
  }

  /** Gives up what is left, and tells of what is not on disk as lost. To wait for it, {@link delivered} first. */
  async shutdown(): Promise<void> {
    this.#write();
    this.#ended = true;
    clearInterval(this.#adopting);
    this.#exporter.close();
    // A round that had a file under way does not look at the queue again.
    do await this.#pump();
    while (this.#queue.length > 0);
    this.#spool?.close();
  }

  get #isEmpty(): boolean {
    return this.#queue.length === 0 && this.#held === 0 && (this.#spool?.isEmpty ?? true);
  }

  #write(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    const reason = this.#spooled(fresh);
    if (reason !== undefined) for (const emitted of fresh) this.#keep(emitted, reason);
    this.#soon();
  }

  /** @returns why not; undefined where they are. */
  #spooled(fresh: readonly Emitted[]): LossReason | undefined {
    try {
      return this.#spool?.append(requestOf(recordsOf(fresh)), receiptsOf(fresh));
    } catch {
      // In memory the one that cannot be written as OTLP may be in another batch than most.
      return "export_failed";
    }
  }

  /** @param reason why it is lost where there is no room in memory either. */
  #keep(emitted: Emitted, reason: LossReason): void {
    if (this.#held >= this.#limits.queueSize) {
      this.#status.lost(receiptsOf([emitted]), reason);
      return;
    }
    this.#queue.push(emitted);
    this.#held += 1;
  }

  #soon(): void {
    if (this.#pumping !== undefined) return;
    if (this.#queue.length + this.onDisk >= this.#limits.batchSize) void this.#pump();
    else this.#later(this.#limits.batchDelay);
  }

  #later(millis: number): void {
    this.#timer ??= setTimeout(() => {
      void this.#pump();
    }, millis).unref();
  }

  /** @returns whether there was anything to send. */
  async #pump(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pumping ??= context
      .with(TRACING_SUPPRESSED, async () => await this.#round())
      .finally(() => {
        this.#pumping = undefined;
        if (!this.#ended && !this.#isEmpty) this.#later(this.#stuck ? STUCK_FOR : 0);
      });
    return await this.#pumping;
  }

  async #round(): Promise<boolean> {
    const hadQueue = this.#queue.length > 0;
    while (this.#queue.length > 0) await this.#sendBatch();
    // A batch may come between two files: memory is the scarcer of both.
    const batch = this.#ended ? undefined : this.#spool?.next();
    if (batch !== undefined) await this.#exporter.sendBatch(batch);
    this.#stuck = !hadQueue && batch === undefined;
    return !this.#stuck;
  }

  async #sendBatch(): Promise<void> {
    const batch = this.#queue.splice(0, this.#limits.batchSize);
    try {
      const receipts = receiptsOf(batch);
      if (this.#ended) this.#status.lost(receipts, "shutdown");
      else await this.#exporter.send(recordsOf(batch), receipts);
    } finally {
      this.#held -= batch.length;
      for (const resolve of this.#waitForRoom.splice(0)) resolve(undefined);
    }
  }
}

function recordsOf(emitted: readonly Emitted[]): ReadableLogRecord[] {
  return emitted.map(({ record }) => record);
}

function receiptsOf(emitted: readonly Emitted[]): BatchReceipts {
  const receipts = new BatchReceipts();
  for (const { receipt } of emitted) receipts.add(receipt);
  return receipts;
}
