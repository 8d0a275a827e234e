import { existsSync } from "node:fs";

import type { LossReason } from "../../semconv.ts";
import type { BatchReceipts } from "../delivery/batch-receipts.ts";
import { messageOf } from "../error-text.ts";
import { linesOf } from "./jsonl.ts";
import { type OrphanCounts, Orphans } from "./orphans.ts";
import { isGone } from "./own-file.ts";
import { Segment } from "./segment.ts";
import type { SpoolBatch } from "./spool-batch.ts";
import type { SpoolListener, SpoolSettings } from "./spool-settings.ts";
import { NEWLINE, removeEmpty, SpoolFolder } from "./spool-folder.ts";
import { WritePause } from "./write-pause.ts";

/** The size at which a segment is sealed, bytes. It is sent as one request: a Collector accepts 20 MiB, other servers 4. */
const SEGMENT_BYTES = 1024 * 1024;

/**
 * Requests on disk that the server has not taken yet, oldest first. They survive the process, and with `sync` a power cut; else they
 * are in the page cache. A file is deleted when all of it has been taken, so a crash has some of it sent twice and
 * loses nothing.
 */
export class Spool {
  readonly #settings: SpoolSettings;
  readonly #status: SpoolListener;
  readonly #warn: (message: string) => void;
  #active: Segment | undefined;
  #sealed: Segment[] = [];
  readonly #folder: SpoolFolder;
  readonly #orphans: Orphans;
  /** Of this process's segments, like the records. */
  #bytes = 0;
  #records = 0;
  readonly #pause = new WritePause();
  #failed = false;

  constructor(settings: SpoolSettings, status: SpoolListener, warn: (message: string) => void) {
    this.#settings = settings;
    this.#status = status;
    this.#warn = warn;
    this.#folder = new SpoolFolder(settings.directory, this.isSync, warn);
    this.#orphans = new Orphans(settings, warn);
    this.adopt();
  }

  /** Bytes in it, including what ended processes have left. */
  get bytes(): number {
    return this.#bytes + this.#orphans.bytes;
  }

  get maxBytes(): number {
    return this.#settings.maxBytes;
  }

  /** Whether what is written survives a power cut. */
  get isSync(): boolean {
    return this.#settings.sync === true;
  }

  /** Whether a write is worth trying: not for a second after one that failed, or had no room. */
  get takes(): boolean {
    return !this.#pause.isOn;
  }

  get isFailing(): boolean {
    return this.#failed;
  }

  /** Records of this process that are on disk. */
  get waiting(): number {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#records === 0 && this.#orphans.isEmpty;
  }

  /** What ended processes have left in the folder and is not sent yet, and what cannot be read or removed. */
  get orphans(): OrphanCounts {
    return this.#orphans.counts;
  }

  /** Takes over what ended processes have left in the folder, and finds out whether it can be written. */
  adopt(): void {
    try {
      this.#folder.make();
      this.#orphans.find();
      if (this.#active === undefined) {
        this.#folder.tryOut();
        this.#recovers();
      }
    } catch (error) {
      this.#fails(error);
    }
  }

  /** Has the next write tried at once, though the last one has just failed. */
  hurry(): void {
    this.#pause.end();
  }

  /**
   * Writes a request to disk.
   *
   * @returns why it could not be written; undefined if it is there.
   */
  append(request: Uint8Array, receipts: BatchReceipts): LossReason | undefined {
    const line = Buffer.concat([request, NEWLINE]);
    if (this.#bytes + line.length > this.#settings.maxBytes) {
      this.#pause.hadNoRoom();
      return "spool_full";
    }
    if (this.#pause.isFailing) return "spool_failed";
    try {
      this.#writable().append(line, receipts);
    } catch (error) {
      this.#fails(error);
      return "spool_failed";
    }
    this.#recovers();
    this.#bytes += line.length;
    this.#records += receipts.records;
    if ((this.#active?.bytes ?? 0) >= SEGMENT_BYTES) this.#seal();
    return undefined;
  }

  /** What to send next; undefined if there is nothing, or nothing that can be read at the moment. */
  next(): SpoolBatch | undefined {
    try {
      return this.#next();
    } catch (error) {
      this.#fails(error);
      return undefined;
    }
  }

  /** Leaves the files to a later process. Records of a file that was removed from the folder are lost. */
  close(): void {
    try {
      if (this.#active !== undefined && this.#active.bytes > 0) this.#writable();
    } catch (error) {
      this.#fails(error);
    }
    this.#seal();
    for (const segment of this.#sealed.splice(0)) {
      if (existsSync(segment.path)) segment.leave();
      else this.#lose(segment);
    }
    this.#orphans.close();
  }

  #next(): SpoolBatch | undefined {
    const orphan = this.#orphans.next();
    if (orphan !== undefined) return orphan;
    if (this.#sealed.length === 0) this.#seal();
    const segment = this.#sealed[0];
    return segment === undefined ? undefined : this.#batch(segment);
  }

  #writable(): Segment {
    if (this.#active?.isSound === true) return this.#active;
    const gone = this.#active;
    this.#folder.make();
    const active = new Segment(this.#settings.directory, this.isSync);
    try {
      // The folder was removed while this segment was open: its requests are copied into the new one, or kill -9 would lose them.
      if (gone !== undefined && gone.bytes > 0) active.append(gone.read(), gone.receipts);
    } catch (error) {
      removeEmpty(active);
      throw error;
    }
    gone?.leave();
    this.#active = active;
    return active;
  }

  #seal(): void {
    if (this.#active === undefined) return;
    const active = this.#active;
    this.#active = undefined;
    if (active.bytes === 0) {
      removeEmpty(active);
    } else {
      // A segment that was removed from the folder stays open: closed, it could not be read any more.
      if (active.isSound) active.seal();
      this.#sealed.push(active);
    }
  }

  #batch(segment: Segment): SpoolBatch | undefined {
    const done = () => {
      this.#forget(segment);
    };
    const settled = (records: number) => {
      this.#records -= records;
    };
    try {
      return {
        requests: linesOf(segment.read()),
        receipts: segment.receipts,
        settled,
        done,
      };
    } catch (error) {
      // It may be readable later, for example when the process has file descriptors again: it goes behind the others.
      if (!isGone(error)) {
        this.#seal();
        this.#sealed = [...this.#sealed.filter((other) => other !== segment), segment];
        throw error;
      }
      this.#fails(error);
      this.#lose(segment);
      return this.#next();
    }
  }

  #lose(segment: Segment): void {
    const { receipts } = segment;
    this.#forget(segment);
    this.#status.lost(receipts, "spool_failed");
  }

  #forget(segment: Segment): void {
    this.#pause.hasRoom();
    this.#sealed = this.#sealed.filter((other) => other !== segment);
    this.#bytes -= segment.bytes;
    this.#records -= segment.receipts.records;
    try {
      segment.remove();
    } catch (error) {
      this.#orphans.stays(segment.path, error);
    }
  }

  #recovers(): void {
    this.#failed = false;
    this.#status.spoolRecovered();
  }

  #fails(error: unknown): void {
    this.#pause.failed();
    this.#status.spoolFailing(error);
    if (this.#failed) return;
    this.#failed = true;
    this.#warn(
      `the spool in ${this.#settings.directory} fails (${messageOf(error)}): records wait in memory`,
    );
  }
}
