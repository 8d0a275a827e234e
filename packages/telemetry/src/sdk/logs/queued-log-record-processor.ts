// Node's own timers: see SpoolWriter.
import { clearTimeout, setTimeout } from "node:timers";

import { context, type Context } from "@opentelemetry/api";
import type { LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";

import { DeliveryReceipt } from "../../ledger/delivery-receipt.ts";
import type { CellChains } from "../../integrity/cell-chains.ts";
import type { ExporterState, ProviderExporter, SyncDisk } from "../../provider-link.ts";
import type { LossReason } from "../../semconv.ts";
import type { BatchReceipts } from "../delivery/batch-receipts.ts";
import type { ExporterStatus } from "../delivery/exporter-status.ts";
import { TRACING_SUPPRESSED } from "../otlp/suppress-tracing.ts";
import { NO_ORPHANS, type OrphanCounts } from "../spool/orphans.ts";
import type { Spool } from "../spool/spool.ts";
import { inSentOrder, receiptsOf, recordsOf, type Emitted } from "./emitted-record.ts";
import type { LogExporter } from "./log-exporter.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { SpoolWriter } from "./spool-writer.ts";

export interface QueueLimits {
  /** Most records held in memory. */
  readonly queueSize: number;
  /** Most records in one request. */
  readonly batchSize: number;
  /** Milliseconds that a record waits for a batch to be filled. */
  readonly batchDelay: number;
}

/** How long until a spool that could not be read is read again, milliseconds. */
const STUCK_FOR = 1000;

/**
 * Holds log records until the server has taken them, and sends one request at a time, in order. With a spool they wait on disk,
 * otherwise in memory up to a bound. A record is lost only if there is no room, if the server refuses it, or at the end, and
 * every loss is reported. The SDK's batch processor drops silently: it gives a batch 30 seconds, and its exporter about ten,
 * on timers that keep the process up.
 */
export class QueuedLogRecordProcessor implements LogRecordProcessor, ProviderExporter {
  readonly #exporter: LogExporter;
  readonly #status: ExporterStatus;
  readonly #limits: QueueLimits;
  readonly #spool: Spool | undefined;
  readonly #writer: SpoolWriter | undefined;
  /** Undefined unless a denial is to be on disk before its caller is answered. */
  readonly disk: SyncDisk | undefined;
  readonly #chains: CellChains | undefined;
  readonly #queue: MemoryQueue;
  /** Emitted in this turn, to be written to the spool at its end. */
  #fresh: Emitted[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pumping: Promise<boolean> | undefined;
  #stuck = false;
  #ended = false;

  /** @param chains Undefined: records are not chained by hash. */
  constructor(
    exporter: LogExporter,
    status: ExporterStatus,
    limits: QueueLimits,
    spool?: Spool,
    chains?: CellChains,
  ) {
    this.#chains = chains;
    this.#exporter = exporter;
    this.#status = status;
    this.#limits = limits;
    this.#queue = new MemoryQueue(limits.queueSize, limits.batchSize);
    this.#spool = spool;
    if (spool === undefined) return;
    this.#writer = new SpoolWriter(spool, {
      found: () => {
        this.#soon();
      },
      unload: () => {
        this.#unload();
      },
    });
    this.disk = this.#writer.syncDisk(() => {
      this.#write();
    });
    if (!spool.isEmpty) this.#soon();
  }

  get state(): ExporterState {
    return this.#status.state;
  }

  /** Records that are neither delivered nor lost yet. */
  get waiting(): number {
    return this.#fresh.length + this.#queue.held + this.onDisk;
  }

  /** Those of them that are in the spool, where a later process finds them if this one ends. */
  get onDisk(): number {
    return this.#spool?.waiting ?? 0;
  }

  /** How many records have room in memory: with a spool it is where they go if that fails. */
  get free(): number {
    return Math.max(this.#queue.free - this.#fresh.length, 0);
  }

  /** What ended processes have left in the spool. */
  get orphans(): OrphanCounts {
    return this.#spool?.orphans ?? NO_ORPHANS;
  }

  onEmit(record: ReadableLogRecord, context?: Context): void {
    const emitted = { record, receipt: DeliveryReceipt.take(context) };
    if (this.#ended) {
      this.#status.lost(receiptsOf([emitted]), "shutdown");
      return;
    }
    this.#chains?.link(record);
    if (this.#spool === undefined) {
      this.#keep(emitted, "queue_full");
      this.#soon();
    } else if (this.#fresh.push(emitted) === 1) {
      // A microtask: all records that this turn emits are one write, before other callbacks run.
      queueMicrotask(() => {
        this.#write();
      });
    }
  }

  /** Resolves when everything emitted so far is on disk, delivered or lost. Without a spool that may be never. */
  async forceFlush(): Promise<void> {
    this.#write();
    while (this.#queue.held > 0) await this.#pump();
  }

  /** Resolves when the queue has room for more: see {@link MemoryQueue.hasRoom}. */
  async room(): Promise<void> {
    this.#write();
    while (!this.#ended && !this.#queue.hasRoom) {
      const change = this.#queue.change();
      void this.#pump();
      await change;
    }
  }

  /** Resolves when no record waits any more, which may be never, or when the spool cannot be read. */
  async delivered(): Promise<void> {
    this.#write();
    // A spool that cannot be read at the moment gives nothing to send: going on would be an endless loop.
    while (!this.#ended && !this.#isEmpty) if (!(await this.#pump())) return;
  }

  /**
   * Gives up what is left. What waits in memory goes to the spool, as far as there is one with room, and is else reported as
   * lost. Call {@link delivered} first to wait for it.
   */
  async shutdown(): Promise<void> {
    this.#write();
    this.#ended = true;
    this.#writer?.close();
    this.#exporter.close();
    // A round that was sending a spool file ends without looking at the queue again.
    do await this.#pump();
    while (this.#queue.length > 0);
    this.#spool?.close();
  }

  get #isEmpty(): boolean {
    return this.#queue.held === 0 && (this.#spool?.isEmpty ?? true);
  }

  #write(): void {
    if (this.#fresh.length === 0) return;
    const fresh = inSentOrder(this.#fresh);
    this.#fresh = [];
    const reason = this.#writer?.write(fresh, receiptsOf(fresh));
    if (reason !== undefined) for (const emitted of fresh) this.#keep(emitted, reason);
    this.#soon();
  }

  /** Moves records from the queue to the spool, which may take writes again: there they outlive the process. */
  #unload(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    if (this.#queue.length === 0) {
      writer.tryAgain();
      return;
    }
    this.#queue.moveOut((batch) => writer.write(batch, receiptsOf(batch)) === undefined);
    this.#soon();
  }

  /**
   * The last that can be done for records that are given up: as many as have room go to the spool. The others are lost.
   *
   * @param receipts of these records.
   */
  #saveOrLose(emitted: readonly Emitted[], receipts: BatchReceipts): void {
    this.#queue.release(emitted.length);
    const lost = this.#writer?.save(emitted, receipts) ?? receipts;
    this.#status.lost(lost, "shutdown");
  }

  /** Puts a record into the queue. @param reason Why it is lost if there is no room there either. */
  #keep(emitted: Emitted, reason: LossReason): void {
    if (!this.#queue.push(emitted)) this.#status.lost(receiptsOf([emitted]), reason);
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
    // The queue goes before the spool, also between two of its files: memory is the scarcer of the two.
    const batch = this.#ended ? undefined : this.#spool?.next();
    if (batch !== undefined) await this.#exporter.sendBatch(batch);
    this.#stuck = !hadQueue && batch === undefined;
    return !this.#stuck;
  }

  async #sendBatch(): Promise<void> {
    const batch = this.#queue.take();
    const receipts = receiptsOf(batch);
    const settled = (records: number) => {
      this.#queue.release(records);
    };
    if (this.#ended || !(await this.#exporter.send(recordsOf(batch), { receipts, settled }))) {
      this.#saveOrLose(batch.slice(batch.length - receipts.records), receipts);
    }
    this.#queue.changed();
  }
}
