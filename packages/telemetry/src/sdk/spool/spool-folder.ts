import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { Segment } from "./segment.ts";
import { syncFolder } from "./sync-folder.ts";

/** Ends a line. An empty line is not a request. */
export const NEWLINE = Buffer.from("\n");

/** The folder of a spool. */
export class SpoolFolder {
  readonly #folder: string;
  readonly #sync: boolean;
  readonly #warn: (message: string) => void;
  #toldOpen = false;

  /** @param sync Whether it is to survive a power cut. */
  constructor(folder: string, sync: boolean, warn: (message: string) => void) {
    this.#folder = folder;
    this.#sync = sync;
    this.#warn = warn;
  }

  /** Makes the folder if it is not there, and says so once if other users can write to it. @throws if it cannot be made. */
  make(): void {
    const made = mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    if (made !== undefined && this.#sync) syncFolder(dirname(made));
    if (this.#toldOpen || (statSync(this.#folder).mode & 0o002) === 0) return;
    this.#toldOpen = true;
    this.#warn(
      `every user can write to ${this.#folder}, and remove the records in it: chmod o-w it`,
    );
  }

  /** @throws if no file can be made in it, or it has no room. */
  tryOut(): void {
    const segment = new Segment(this.#folder, this.#sync);
    try {
      segment.append(NEWLINE, new BatchReceipts());
    } finally {
      removeEmpty(segment);
    }
  }
}

/** Removes a segment that has no records. */
export function removeEmpty(segment: Segment): void {
  try {
    segment.remove();
  } catch {
    // It is empty, so nothing is sent twice. Whatever keeps it there fails the next write, which says so.
  }
}
