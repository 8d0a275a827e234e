import { isUtf8 } from "node:buffer";
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { linesOf, recordsIn, unfinishedLineOf } from "./jsonl.ts";
import { isNotThere, openOwnFile, readOwnFile } from "./own-file.ts";
import { isOrphan, newSegmentName, releaseName } from "./segment-name.ts";
import { inFolder } from "./spool-error.ts";
import { syncFolder } from "./sync-folder.ts";

/** Records that the server has refused, and what it said. */
export interface DeadLetter {
  /** When, in ISO 8601. */
  readonly time: string;
  readonly answer: string;
  /** Records in the request. */
  readonly records: number;
  /** Those of them that were refused. If they are not all, the server did not say which. */
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
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #sync: boolean;

  /**
   * @param maxBytes Of the spool: dead letters may have a quarter as many.
   * @param sync Whether they are to survive a power cut.
   */
  constructor(folder: string, maxBytes: number, sync = false) {
    this.#folder = folder;
    this.path = join(folder, NAME);
    this.#maxBytes = Math.min(maxBytes / 4, LARGEST);
    this.#sync = sync;
  }

  /** @throws if it cannot be written, or has no room. */
  add({ request, ...about }: DeadLetter): void {
    const begin = JSON.stringify(about).slice(0, -1);
    this.#addLine(Buffer.from(`${begin},"request":${request.toString()}}\n`));
  }

  /**
   * Adds a line of a segment that is not a request, with the segment's name. Nothing can send it: it is kept for a person to read.
   *
   * @throws as {@link add}.
   */
  addUnreadable(line: Buffer, segment: string): void {
    const about = { time: new Date().toISOString(), answer: `no request in ${segment}` };
    const content = isUtf8(line) ? { line: line.toString() } : { base64: line.toString("base64") };
    this.#addLine(Buffer.from(`${JSON.stringify({ ...about, ...content })}\n`));
  }

  /** Adds a line that is not a letter, as it is. @returns false if it cannot be written, or has no room. */
  tryAddLine(line: Buffer): boolean {
    try {
      this.#addLine(Buffer.concat([line, Buffer.from("\n")]));
      return true;
    } catch {
      return false;
    }
  }

  #addLine(line: Buffer): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const { O_WRONLY, O_APPEND, O_CREAT } = constants;
    const descriptor = openOwnFile(this.path, O_WRONLY | O_APPEND | O_CREAT);
    try {
      const { size } = fstatSync(descriptor);
      if (size + line.length > this.#maxBytes) throw new Error(`${this.path} is full`);
      const written = writeSync(descriptor, line);
      if (written === line.length) {
        if (!this.#sync) return;
        fdatasyncSync(descriptor);
        if (size === 0) syncFolder(this.#folder);
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
   * @throws SpoolError if the folder cannot be read or written. Then none are taken.
   */
  take(): readonly TakenLetters[] {
    const taken: TakenLetters[] = [];
    try {
      inFolder(this.#folder, () => {
        for (const name of this.#files()) taken.push(...this.#takeFile(name));
      });
      return taken;
    } catch (error) {
      for (const file of taken) file.leave();
      throw error;
    }
  }

  #takeFile(name: string): readonly TakenLetters[] {
    const owned = newSegmentName();
    const path = join(this.#folder, `${TAKEN}${owned}`);
    try {
      // Whatever else takes letters from this folder does not find these any more.
      renameSync(join(this.#folder, name), path);
      return [new TakenLetters(path, owned)];
    } catch (error) {
      releaseName(owned);
      if (isNotThere(error)) return [];
      throw error;
    }
  }

  /** Reads what {@link take} would take. @throws SpoolError if the folder or a file cannot be read. */
  look(): readonly Letters[] {
    return inFolder(this.#folder, () =>
      this.#files().map((name) => lettersIn(readOwnFile(join(this.#folder, name)))),
    );
  }

  #files(): readonly string[] {
    return readdirSync(this.#folder).filter(
      (name) => name === NAME || (name.startsWith(TAKEN) && isOrphan(name.slice(TAKEN.length))),
    );
  }
}

/** What a file of letters contains. */
interface Letters {
  readonly letters: readonly DeadLetter[];
  /** Lines that are not letters, a last one that is cut off included. */
  readonly unreadable: readonly Buffer[];
}

/** A file of letters that this process has taken. */
export class TakenLetters {
  readonly #path: string;
  readonly #name: string;
  #bytes = 0;

  constructor(path: string, name: string) {
    this.#path = path;
    this.#name = name;
  }

  /** @throws SpoolError if it cannot be read. */
  read(): Letters {
    const content = inFolder(dirname(this.#path), () => readOwnFile(this.#path));
    this.#bytes = content.length;
    return lettersIn(content);
  }

  /** All that was read is delivered, or kept elsewhere. @throws SpoolError if it stays, to be sent again the next time. */
  remove(): void {
    inFolder(dirname(this.#path), () => {
      // A service had it open to add a letter when it was taken, and added it after it was read: that is for the next time.
      if (statSync(this.#path).size === this.#bytes) unlinkSync(this.#path);
    });
    this.leave();
  }

  /** Leaves the file for the next time. */
  leave(): void {
    releaseName(this.#name);
  }
}

function lettersIn(content: Buffer): Letters {
  const letters: DeadLetter[] = [];
  const unreadable: Buffer[] = [];
  for (const line of linesOf(content)) {
    const letter = letterOf(line);
    if (letter === undefined) unreadable.push(line);
    else letters.push(letter);
  }
  const unfinished = unfinishedLineOf(content);
  if (unfinished !== undefined) unreadable.push(unfinished);
  return { letters, unreadable };
}

function letterOf(line: Buffer): DeadLetter | undefined {
  try {
    const { request, time, answer, rejected } = JSON.parse(line.toString()) as Partial<
      Record<keyof DeadLetter, unknown>
    >;
    const bytes = Buffer.from(JSON.stringify(request));
    const records = recordsIn(bytes);
    if (records === undefined || typeof time !== "string" || typeof answer !== "string") {
      return undefined;
    }
    return { time, answer, records, rejected: Number(rejected), request: bytes };
  } catch {
    return undefined;
  }
}
