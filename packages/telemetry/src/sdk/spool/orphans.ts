import { constants, lstatSync, openSync, closeSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { isDeadLetterName } from "./dead-letters.ts";
import { linesOf, recordsIn } from "./jsonl.ts";
import { isOrphan, isSegmentName } from "./segment-name.ts";
import { removeFile } from "./segment.ts";
import type { SpoolBatch } from "./spool-batch.ts";

/** The largest segment that is read, bytes. This package writes smaller ones only. */
const LARGEST = 64 * 1024 * 1024;

/** A segment that an ended process has left in the folder. */
interface Orphan {
  readonly path: string;
  readonly bytes: number;
}

/** What a spool's folder contains besides this process' own segments. */
interface Found {
  /** Oldest first. */
  readonly orphans: readonly Orphan[];
  /** Files that are not segments. They are left alone. */
  readonly foreign: number;
}

/** The orphans of one folder, until this process has sent them, or another process that has found them too. */
export class Orphans {
  readonly #directory: string;
  readonly #warn: (message: string) => void;
  #found: readonly Orphan[] = [];
  #unsent: Orphan[] = [];
  #foreign = 0;
  #unreadable = new Set<string>();

  constructor(directory: string, warn: (message: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
  }

  /** Bytes on disk, including segments that cannot be read. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.#unsent.length === 0;
  }

  /** Searches the folder again. @throws if it cannot be listed. */
  find(): void {
    const { orphans, foreign } = lookForOrphans(this.#directory);
    this.#found = orphans;
    this.#unsent = [...orphans];
    this.bytes = orphans.reduce((sum, { bytes }) => sum + bytes, 0);
    const there = new Set(orphans.map(({ path }) => path));
    this.#unreadable = this.#unreadable.intersection(there);
    if (foreign > this.#foreign) {
      this.#warn(`${foreign} files in ${this.#directory} are none of the spool's`);
    }
    this.#foreign = foreign;
  }

  /** What to send next; undefined if there is nothing. */
  next(): SpoolBatch | undefined {
    for (let orphan = this.#unsent[0]; orphan !== undefined; orphan = this.#unsent[0]) {
      const { path } = orphan;
      try {
        const { requests, unreadable } = readOrphan(path);
        if (unreadable > 0) {
          this.#warn(`${unreadable} lines of ${path} cannot be read, and are lost`);
        }
        const done = () => {
          this.#forget(path);
          removeFile(path);
        };
        if (requests.length > 0) {
          return { requests, receipts: new BatchReceipts(), settled: () => {}, done };
        }
        done();
      } catch (error) {
        this.#skip(path, error);
      }
    }
    return undefined;
  }

  // No failure of this process' own records: another process has sent the segment, or may be able to read it.
  #skip(path: string, error: unknown): void {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      this.#forget(path);
      return;
    }
    this.#unsent = this.#unsent.filter((other) => other.path !== path);
    if (this.#unreadable.has(path)) return;
    this.#unreadable.add(path);
    this.#warn(`${path} is left alone: ${error instanceof Error ? error.message : String(error)}`);
  }

  #forget(path: string): void {
    this.#unsent = this.#unsent.filter((other) => other.path !== path);
    this.#found = this.#found.filter((other) => {
      if (other.path !== path) return true;
      this.bytes -= other.bytes;
      return false;
    });
  }
}

/** @throws if the folder cannot be listed. */
function lookForOrphans(directory: string): Found {
  const orphans: Orphan[] = [];
  let foreign = 0;
  for (const name of readdirSync(directory).toSorted()) {
    if (isDeadLetterName(name)) continue;
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!isSegmentName(name) || !stat.isFile() || stat.size > LARGEST) foreign += 1;
    else if (isOrphan(name)) orphans.push({ path, bytes: stat.size });
  }
  return { orphans, foreign };
}

/** What an orphan contains. */
interface OrphanContent {
  readonly requests: readonly Buffer[];
  readonly records: number;
  /** Lines that are not requests, including a last one that a full disk has cut short. */
  readonly unreadable: number;
}

/** @throws if it cannot be read. */
function readOrphan(path: string): OrphanContent {
  // Not through a link: another user may be able to write to the folder, and could point it at any file.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const content = readFileSync(descriptor);
    const requests: Buffer[] = [];
    let records = 0;
    let unreadable = content.length > 0 && content.at(-1) !== 0x0a ? 1 : 0;
    for (const line of linesOf(content)) {
      const count = recordsIn(line);
      if (count === undefined) unreadable += 1;
      else {
        requests.push(line);
        records += count;
      }
    }
    return { requests, records, unreadable };
  } finally {
    closeSync(descriptor);
  }
}
