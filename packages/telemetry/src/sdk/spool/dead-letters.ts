import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import { linesOf, recordsIn } from "./jsonl.ts";
import { isNotThere, openOwnFile, readOwnFile } from "./own-file.ts";
import { isOrphan, newSegmentName, releaseName } from "./segment-name.ts";
import { syncFolder } from "./sync-folder.ts";

/** Records that the far end has refused, and what it said. */
export interface DeadLetter {
  /** When, in ISO 8601. */
  readonly time: string;
  readonly answer: string;
  /** Records in the request. */
  readonly records: number;
  /** Those of them that were refused. If they are not all, the far end did not say which. */
  readonly rejected: number;
  /** An OTLP request in JSON. */
  readonly request: Buffer;
}

/** The most bytes of dead letters in a folder. */
const LARGEST = 64 * 1024 * 1024;

const NAME = "dead-letters.jsonl";
/** Begins the name of a file whose letters a process is sending again; the rest says which process. */
const TAKEN = "dead-letters-";

/** Whether this is the name of a file of dead letters. */
export function isDeadLetterName(name: string): boolean {
  return name === NAME || name.startsWith(TAKEN);
}

/** The file in a spool's folder in which refused records are kept, one request a line, until they are sent again when asked. */
export class DeadLetters {
  readonly path: string;
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #sync: boolean;

  /**
   * @param maxBytes Of the spool: dead letters may have a quarter as many.
   * @param sync Whether they are to survive a power cut.
   */
  constructor(directory: string, maxBytes: number, sync = false) {
    this.#directory = directory;
    this.path = join(directory, NAME);
    this.#maxBytes = Math.min(maxBytes / 4, LARGEST);
    this.#sync = sync;
  }

  /** @throws if it cannot be written, or has no room. */
  add({ request, ...about }: DeadLetter): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const begin = JSON.stringify(about).slice(0, -1);
    const line = Buffer.from(`${begin},"request":${request.toString()}}\n`);
    const { O_WRONLY, O_APPEND, O_CREAT } = constants;
    const descriptor = openOwnFile(this.path, O_WRONLY | O_APPEND | O_CREAT);
    try {
      const { size } = fstatSync(descriptor);
      if (size + line.length > this.#maxBytes) throw new Error(`${this.path} is full`);
      const written = writeSync(descriptor, line);
      if (written === line.length) {
        if (!this.#sync) return;
        fdatasyncSync(descriptor);
        if (size === 0) syncFolder(this.#directory);
        return;
      }
      // The next letter would be joined to the part.
      ftruncateSync(descriptor, size);
      throw new Error(`${this.path} could not be written whole`);
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * Takes the letters out of the folder, also those that a process had taken which has ended since.
   *
   * @throws if the folder cannot be read or written.
   */
  take(): readonly TakenLetters[] {
    const files = readdirSync(this.#directory).filter(
      (name) => name === NAME || (name.startsWith(TAKEN) && isOrphan(name.slice(TAKEN.length))),
    );
    return files.flatMap((name) => {
      const owned = newSegmentName();
      const path = join(this.#directory, `${TAKEN}${owned}`);
      try {
        // Whatever else takes letters from this folder does not find these any more.
        renameSync(join(this.#directory, name), path);
        return [new TakenLetters(path, owned)];
      } catch (error) {
        releaseName(owned);
        if (isNotThere(error)) return [];
        throw error;
      }
    });
  }
}

/** A file of letters that this process has taken. */
export class TakenLetters {
  readonly #path: string;
  readonly #name: string;

  constructor(path: string, name: string) {
    this.#path = path;
    this.#name = name;
  }

  /** @throws if it cannot be read. */
  read(): { readonly letters: readonly DeadLetter[]; readonly unreadable: number } {
    const lines = linesOf(readOwnFile(this.#path));
    const letters = lines.flatMap((line) => letterOf(line) ?? []);
    return { letters, unreadable: lines.length - letters.length };
  }

  /** All of them are delivered, or kept elsewhere. */
  remove(): void {
    unlinkSync(this.#path);
    this.leave();
  }

  /** Leaves the file for the next time. */
  leave(): void {
    releaseName(this.#name);
  }
}

function letterOf(line: Buffer): DeadLetter | undefined {
  try {
    const { request, ...about } = JSON.parse(line.toString()) as Omit<DeadLetter, "request"> & {
      request: unknown;
    };
    const bytes = Buffer.from(JSON.stringify(request));
    const records = recordsIn(bytes);
    return records === undefined ? undefined : { ...about, records, request: bytes };
  } catch {
    return undefined;
  }
}
