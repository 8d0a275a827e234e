import { lstatSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { messageOf } from "../error-text.ts";
import { DeadLetters, isDeadLetterName } from "./dead-letters.ts";
import { linesOf, recordsIn, unfinishedLineOf } from "./jsonl.ts";
import { discardFile, isNotThere, isOwn, readOwnFile } from "./own-file.ts";
import { isOrphan, isSegmentName, newSegmentName, releaseName } from "./segment-name.ts";
import type { SpoolBatch } from "./spool-batch.ts";
import type { SpoolSettings } from "./spool-settings.ts";

/** The largest segment that is read, bytes. This package writes smaller ones only. */
const LARGEST = 64 * 1024 * 1024;

/** What ended processes have left in the folder. */
export interface OrphanCounts {
  /** Files that are not sent yet, or cannot be read or removed. */
  readonly files: number;
  /** On disk, of these. */
  readonly bytes: number;
  /** Lines of files that were sent, which are not log records. They are kept in `dead-letters.jsonl`, as far as there is room. */
  readonly unreadable: number;
}

export const NO_ORPHANS: OrphanCounts = { files: 0, bytes: 0, unreadable: 0 };

/** A segment that an ended process has left in the folder. */
interface Orphan {
  readonly path: string;
  readonly bytes: number;
}

/** What a spool's folder contains besides this process's own segments. */
interface Found {
  /** Oldest first. */
  readonly orphans: readonly Orphan[];
  /** Files that are not segments. They are left alone. */
  readonly foreign: number;
}

/** An orphan that this process has taken: renamed, so that every other process sees a segment of a process that lives. */
interface Taken extends Orphan {
  readonly name: string;
  readonly content: Buffer;
  /** The path that it had before. */
  readonly was: string;
}

/** The orphans of one folder, until this process has sent them, or another process that has found them too. */
export class Orphans {
  readonly #folder: string;
  /** Where lines are kept that are not requests. */
  readonly #letters: DeadLetters;
  readonly #warn: (message: string) => void;
  #found: readonly Orphan[] = [];
  #unsent: Orphan[] = [];
  #taken: Taken | undefined;
  #foreign = 0;
  /** Files that are sent and could not be removed. */
  #staying = 0;
  #unreadable = 0;
  #leftAlone = new Set<string>();

  constructor(settings: SpoolSettings, warn: (message: string) => void) {
    const { directory: folder, maxBytes, sync } = settings;
    this.#folder = folder;
    this.#letters = new DeadLetters(folder, maxBytes, sync);
    this.#warn = warn;
  }

  /** How many there are, including files that cannot be read or removed. */
  get files(): number {
    return this.#found.length + (this.#taken === undefined ? 0 : 1) + this.#staying;
  }

  /** Bytes on disk of all of these. */
  get bytes(): number {
    return this.#found.reduce((sum, { bytes }) => sum + bytes, this.#taken?.bytes ?? 0);
  }

  get counts(): OrphanCounts {
    return { files: this.files, bytes: this.bytes, unreadable: this.#unreadable };
  }

  get isEmpty(): boolean {
    return this.#taken === undefined && this.#unsent.length === 0;
  }

  /** Searches the folder again. @throws if it cannot be listed. */
  find(): void {
    const { orphans, foreign } = lookForOrphans(this.#folder);
    this.#found = orphans;
    this.#unsent = [...orphans];
    const there = new Set(orphans.map(({ path }) => path));
    this.#leftAlone = this.#leftAlone.intersection(there);
    if (foreign > this.#foreign) {
      this.#warn(
        `${foreign} files in ${this.#folder} are not the spool's: they are neither sent nor removed`,
      );
    }
    this.#foreign = foreign;
  }

  /** What to send next; undefined if there is nothing. */
  next(): SpoolBatch | undefined {
    for (let taken = this.#take(); taken !== undefined; taken = this.#take()) {
      const { requests, unreadable } = contentOf(taken.content);
      if (requests.length > 0) {
        return {
          requests,
          receipts: new BatchReceipts(),
          settled: () => {},
          done: () => {
            this.#done(unreadable);
          },
        };
      }
      this.#done(unreadable);
    }
    return undefined;
  }

  /** Gives back what it has taken and not sent. */
  close(): void {
    const taken = this.#taken;
    if (taken === undefined) return;
    this.#taken = undefined;
    try {
      renameSync(taken.path, taken.was);
    } catch {
      // It keeps this process's name, and is an orphan again once the process has ended.
    }
    releaseName(taken.name);
  }

  /** What it has taken already, or the next one that it can take. */
  #take(): Taken | undefined {
    for (let orphan = this.#unsent[0]; this.#taken === undefined; orphan = this.#unsent[0]) {
      if (orphan === undefined) return undefined;
      const { path } = orphan;
      try {
        this.#taken = take(orphan);
        this.#forget(path);
      } catch (error) {
        // No failure of this process's own records: another process has taken the segment, or may be able to read it.
        if (isNotThere(error)) this.#forget(path);
        else this.#leaveAlone(path, error);
      }
    }
    return this.#taken;
  }

  #done(unreadable: readonly Buffer[]): void {
    const taken = this.#taken;
    if (taken === undefined) return;
    this.#taken = undefined;
    // Before the file is removed: a crash in between keeps a line twice, and loses none.
    if (unreadable.length > 0) this.#keep(unreadable, taken.was);
    try {
      discardFile(taken.path);
      releaseName(taken.name);
    } catch (error) {
      // The name stays in use, so that this process does not send it again.
      this.stays(taken.path, error);
    }
  }

  #keep(lines: readonly Buffer[], path: string): void {
    this.#unreadable += lines.length;
    let kept = 0;
    let why = "";
    try {
      for (const line of lines) {
        this.#letters.addUnreadable(line, basename(path));
        kept += 1;
      }
    } catch (error) {
      why = messageOf(error);
    }
    const where = kept > 0 ? `${kept} are kept in ${this.#letters.path}` : "";
    const lost = lines.length - kept;
    const rest = lost > 0 ? `${lost} are lost, because they cannot be kept (${why})` : "";
    const both = [where, rest].filter((part) => part !== "").join(", ");
    this.#warn(`${lines.length} lines of ${path} cannot be read as log records: ${both}`);
  }

  /** Counts a file that is sent and cannot be removed, and says so of the first. */
  stays(path: string, error: unknown): void {
    this.#staying += 1;
    if (this.#staying === 1) {
      this.#warn(`${path} is sent and cannot be removed: ${messageOf(error)}`);
    }
  }

  #leaveAlone(path: string, error: unknown): void {
    this.#unsent = this.#unsent.filter((other) => other.path !== path);
    if (this.#leftAlone.has(path)) return;
    this.#leftAlone.add(path);
    this.#warn(`${path} is left alone: ${messageOf(error)}`);
  }

  #forget(path: string): void {
    this.#unsent = this.#unsent.filter((other) => other.path !== path);
    this.#found = this.#found.filter((other) => other.path !== path);
  }
}

/**
 * Renaming a file succeeds for one process only. It is read first: one that cannot be read keeps its name for a process that
 * can, and one in a folder that cannot be written is not sent, because it could not be removed.
 *
 * @throws if it cannot be read or renamed.
 */
function take({ path, bytes }: Orphan): Taken {
  const content = readOwnFile(path);
  const name = newSegmentName(basename(path));
  const mine = join(dirname(path), name);
  try {
    renameSync(path, mine);
  } catch (error) {
    releaseName(name);
    throw error;
  }
  return { path: mine, was: path, name, bytes, content };
}

/** @throws if the folder cannot be listed. */
function lookForOrphans(folder: string): Found {
  const orphans: Orphan[] = [];
  let foreign = 0;
  for (const name of readdirSync(folder).toSorted()) {
    if (isDeadLetterName(name)) continue;
    const path = join(folder, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const isSegment = isSegmentName(name) && stat.isFile() && isOwn(stat.uid);
    if (!isSegment || stat.size > LARGEST) foreign += 1;
    else if (isOrphan(name)) orphans.push({ path, bytes: stat.size });
  }
  return { orphans, foreign };
}

/** What an orphan contains. */
interface OrphanContent {
  readonly requests: readonly Buffer[];
  /** Lines that are not requests, including a last one that a full disk has cut short. */
  readonly unreadable: readonly Buffer[];
}

function contentOf(content: Buffer): OrphanContent {
  const requests: Buffer[] = [];
  const unreadable: Buffer[] = [];
  for (const line of linesOf(content)) {
    (recordsIn(line) === undefined ? unreadable : requests).push(line);
  }
  const unfinished = unfinishedLineOf(content);
  if (unfinished !== undefined) unreadable.push(unfinished);
  return { requests, unreadable };
}
