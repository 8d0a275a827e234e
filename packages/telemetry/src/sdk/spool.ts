import { mkdirSync } from "node:fs";

import type { LossReason } from "../semconv.ts";
import type { Manifest } from "./manifest.ts";
import { linesOf } from "./otlp-lines.ts";
import { Segment, removeFile } from "./segment.ts";
import type { Shipment } from "./shipment.ts";
import { lookForOrphans, readOrphan, type Orphan } from "./spool-orphans.ts";

/** What goes into one request at most, bytes: a Collector takes 20 MiB, other servers 4. */
const SEGMENT_BYTES = 1024 * 1024;

/** How long a folder that could not be written is left alone, milliseconds. */
const PAUSE = 1000;

const NEWLINE = Buffer.from("\n");

export interface SpoolSettings {
  readonly directory: string;
  readonly maxBytes: number;
}

export interface SpoolWatch {
  lost(manifest: Manifest, reason: LossReason): void;
  failing(error: unknown): void;
}

/**
 * Requests on disk that have not been taken yet, oldest first. What is written survives the process, not a power cut: the
 * page cache has it. A file is deleted when all of it has been taken, so a crash sends some of it twice, and loses nothing.
 */
export class Spool {
  readonly #settings: SpoolSettings;
  readonly #watch: SpoolWatch;
  readonly #warn: (message: string) => void;
  #active: Segment | undefined;
  #sealed: Segment[] = [];
  #orphans: Orphan[] = [];
  #bytes = 0;
  #records = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failed = false;
  #foreign = 0;

  constructor(settings: SpoolSettings, watch: SpoolWatch, warn: (message: string) => void) {
    this.#settings = settings;
    this.#watch = watch;
    this.#warn = warn;
    this.adopt();
  }

  /** Bytes in it, those that dead processes have left included. */
  get bytes(): number {
    return this.#bytes;
  }

  get maxBytes(): number {
    return this.#settings.maxBytes;
  }

  /** Records of this process that are on disk. */
  get waiting(): number {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#records === 0 && this.#orphans.length === 0;
  }

  /** Takes over what processes that have ended left behind. */
  adopt(): void {
    try {
      mkdirSync(this.#settings.directory, { recursive: true, mode: 0o700 });
      const { orphans, foreign } = lookForOrphans(this.#settings.directory);
      for (const { bytes } of this.#orphans) this.#bytes -= bytes;
      for (const { bytes } of orphans) this.#bytes += bytes;
      this.#orphans = [...orphans];
      if (foreign > this.#foreign) {
        this.#warn(`${foreign} files in ${this.#settings.directory} are none of the spool's`);
      }
      this.#foreign = foreign;
    } catch (error) {
      this.#fails(error);
    }
  }

  /**
   * Puts a request on disk.
   *
   * @returns why it could not be; undefined where it is there.
   */
  append(request: Uint8Array, manifest: Manifest): LossReason | undefined {
    const line = Buffer.concat([request, NEWLINE]);
    if (this.#bytes + line.length > this.#settings.maxBytes) return "spool_full";
    if (Date.now() - this.#failedAt < PAUSE) return "spool_failed";
    try {
      this.#writable().append(line, [manifest]);
    } catch (error) {
      this.#fails(error);
      return "spool_failed";
    }
    this.#failed = false;
    this.#bytes += line.length;
    this.#records += manifest.records;
    if ((this.#active?.bytes ?? 0) >= SEGMENT_BYTES) this.#seal();
    return undefined;
  }

  /** What is to be sent next; undefined where there is nothing, or nothing to be had now. */
  next(): Shipment | undefined {
    try {
      return this.#next();
    } catch (error) {
      this.#fails(error);
      return undefined;
    }
  }

  /** Leaves everything to the next process. */
  close(): void {
    this.#seal();
    for (const segment of this.#sealed) segment.leave();
    this.#sealed = [];
  }

  #next(): Shipment | undefined {
    const orphan = this.#orphans[0];
    if (orphan !== undefined) return this.#orphanShipment(orphan);
    if (this.#sealed.length === 0) this.#seal();
    const segment = this.#sealed[0];
    return segment === undefined ? undefined : this.#shipment(segment);
  }

  #writable(): Segment {
    if (this.#active?.isSound === true) return this.#active;
    const gone = this.#active;
    mkdirSync(this.#settings.directory, { recursive: true, mode: 0o700 });
    const active = new Segment(this.#settings.directory);
    try {
      // The folder was removed under it: what it had is saved into the new one.
      if (gone !== undefined && gone.bytes > 0) active.append(gone.read(), gone.manifests);
    } catch (error) {
      active.remove();
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
      active.remove();
    } else {
      // Removed by somebody, it can be read as long as it is open.
      if (active.isSound) active.seal();
      this.#sealed.push(active);
    }
  }

  #shipment(segment: Segment): Shipment | undefined {
    const done = () => {
      if (this.#sealed[0] === segment) this.#sealed.shift();
      this.#bytes -= segment.bytes;
      this.#records -= segment.records;
      segment.remove();
    };
    try {
      return { requests: linesOf(segment.read()), manifests: segment.manifests, done };
    } catch (error) {
      this.#fails(error);
      for (const manifest of segment.manifests) this.#watch.lost(manifest, "spool_failed");
      done();
      return this.#next();
    }
  }

  #orphanShipment({ path, bytes }: Orphan): Shipment | undefined {
    const forget = () => {
      this.#orphans = this.#orphans.filter((other) => other.path !== path);
      this.#bytes -= bytes;
    };
    const done = () => {
      forget();
      removeFile(path);
    };
    try {
      const { requests, unreadable } = readOrphan(path);
      if (unreadable > 0) this.#warn(`${unreadable} lines of ${path} cannot be read, and are lost`);
      if (requests.length > 0) return { requests, manifests: [], done };
      done();
    } catch (error) {
      // Left where it is: it may be readable for the next process.
      this.#fails(error);
      forget();
    }
    return this.#next();
  }

  #fails(error: unknown): void {
    this.#failedAt = Date.now();
    this.#watch.failing(error);
    if (this.#failed) return;
    this.#failed = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#warn(`the spool in ${this.#settings.directory} fails (${why}): records wait in memory`);
  }
}
