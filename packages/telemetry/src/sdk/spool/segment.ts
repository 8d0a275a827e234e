import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import type { BatchReceipts } from "../delivery/batch-receipts.ts";
import { newSegmentName, releaseName } from "./segment-name.ts";

/** A file of the spool that this process writes: one OTLP request in JSON on each line. */
export class Segment {
  readonly path: string;
  bytes = 0;
  readonly #receiptsByLine: BatchReceipts[] = [];
  #records = 0;
  readonly #name = newSegmentName();
  #descriptor: number | undefined;

  /** @throws where it cannot be made. */
  constructor(directory: string) {
    this.path = join(directory, this.#name);
    try {
      this.#descriptor = openSync(this.path, "ax+", 0o600);
    } catch (error) {
      releaseName(this.#name);
      throw error;
    }
  }

  /** One for each of its lines. */
  get receiptsByLine(): readonly BatchReceipts[] {
    return this.#receiptsByLine;
  }

  /** Records in it of which it is not known what became. */
  get records(): number {
    return this.#records;
  }

  /** Whether it can be written, and is where a later process will find it. */
  get isSound(): boolean {
    return this.#descriptor !== undefined && fstatSync(this.#descriptor).nlink > 0;
  }

  /** @throws where it cannot be written; then it is as before. */
  append(lines: Uint8Array, receiptsByLine: readonly BatchReceipts[]): void {
    if (this.#descriptor === undefined) throw new Error("this segment has been sealed");
    let written = 0;
    try {
      while (written < lines.length) {
        written += writeSync(this.#descriptor, lines, written);
      }
    } catch (error) {
      // Half a line would spoil the next one.
      if (written > 0) ftruncateSync(this.#descriptor, this.bytes);
      throw error;
    }
    this.bytes += lines.length;
    for (const receipts of receiptsByLine) {
      this.#receiptsByLine.push(receipts);
      this.#records += receipts.records;
    }
  }

  /** It is known what became of so many of its records. */
  settled(records: number): void {
    this.#records -= records;
  }

  /** No more will be written. */
  seal(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** @throws where it cannot be read whole. While it is written, that it has been removed does not matter. */
  read(): Buffer {
    const content =
      this.#descriptor === undefined
        ? readFileSync(this.path)
        : readAll(this.#descriptor, this.bytes);
    if (content.length < this.bytes) throw new Error(`${this.path} was cut off by somebody else`);
    return content.subarray(0, this.bytes);
  }

  /** Leaves it to whoever comes next. */
  leave(): void {
    this.seal();
    releaseName(this.#name);
  }

  /** Done with. */
  remove(): void {
    removeFile(this.path);
    this.leave();
  }
}

/** Removes a file; that it is gone already is as good. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Whoever sends it again sends the same ids again.
  }
}

function readAll(descriptor: number, length: number): Buffer {
  const content = Buffer.allocUnsafe(length);
  let at = 0;
  for (let got = -1; got !== 0 && at < length; at += got) {
    got = readSync(descriptor, content, at, length - at, at);
  }
  return content.subarray(0, at);
}
