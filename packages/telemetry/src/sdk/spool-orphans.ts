import { constants, lstatSync, openSync, closeSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { linesOf, recordsIn } from "./otlp-lines.ts";
import { isOrphan, isSegmentName } from "./spool-name.ts";

/** A segment larger than this is none of ours, bytes. */
const LARGEST = 64 * 1024 * 1024;

/** What a process that has ended left in the folder. */
export interface Orphan {
  readonly path: string;
  readonly bytes: number;
}

/** What there is in the folder of a spool besides what this process is writing. */
export interface Found {
  /** Oldest first. */
  readonly orphans: readonly Orphan[];
  /** Files that are no segments: left alone. */
  readonly foreign: number;
}

/** @throws where the folder cannot be listed. */
export function lookForOrphans(directory: string): Found {
  const orphans: Orphan[] = [];
  let foreign = 0;
  for (const name of readdirSync(directory).toSorted()) {
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!isSegmentName(name) || !stat.isFile() || stat.size > LARGEST) foreign += 1;
    else if (isOrphan(name)) orphans.push({ path, bytes: stat.size });
  }
  return { orphans, foreign };
}

/** The whole requests in an orphan, and whether there is anything else in it. */
export interface OrphanContent {
  readonly requests: readonly Buffer[];
  readonly records: number;
  /** Lines that are no request, a last one cut short by a full disk included. */
  readonly unreadable: number;
}

/** @throws where it cannot be read. */
export function readOrphan(path: string): OrphanContent {
  // Never through a link: the folder may be another's to write.
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
