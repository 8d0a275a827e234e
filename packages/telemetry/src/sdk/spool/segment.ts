import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { discardFile, readOwnFile } from "./own-file.ts";
import { newSegmentName, releaseName } from "./segment-name.ts";
import { syncFolder } from "./sync-folder.ts";

/** A file of the spool, written by this process: one OTLP request in JSON on each line. */
export class Segment {
  readonly path: string;
  bytes = 0;
  /** Of what was written: something else may write to the file. */
  #checksum = 0;
  /** Of its records that are neither delivered nor lost yet, in their order. */
  readonly receipts = new BatchReceipts();
  readonly #name = newSegmentName();
  readonly #sync: boolean;
  #descriptor: number | undefined;

  /**
   * @param sync Whether a write is to survive a power cut.
   * @throws if the file cannot be created.
   */
  constructor(folder: string, sync: boolean) {
    this.path = join(folder, this.#name);
    this.#sync = sync;
    try {
      this.#descriptor = openSync(this.path, "ax+", 0o600);
      // Without this the content would survive a power cut, and its name would not.
      if (sync) syncFolder(folder);
    } catch (error) {
      this.seal();
      releaseName(this.#name);
      throw error;
    }
  }

  /** Whether it is open, and still in the folder, where a later process would find it. */
  get isSound(): boolean {
    return this.#descriptor !== undefined && fstatSync(this.#descriptor).nlink > 0;
  }

  /** @throws if it cannot be written. Then it is as before. */
  append(lines: Uint8Array, receipts: BatchReceipts): void {
    if (this.#descriptor === undefined) throw new Error("this segment has been sealed");
    let written = 0;
    try {
      while (written < lines.length) {
        written += writeSync(this.#descriptor, lines, written);
      }
      if (this.#sync) fdatasyncSync(this.#descriptor);
    } catch (error) {
      // Removes what was written of the line: the next line would be joined to it.
      if (written > 0) ftruncateSync(this.#descriptor, this.bytes);
      throw error;
    }
    this.#checksum = crc32(lines, this.#checksum);
    this.bytes += lines.length;
    this.receipts.append(receipts);
  }

  /** Ends writing to it. */
  seal(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** @throws if it cannot be read whole. While it is open it can be read even if it was removed from the folder. */
  read(): Buffer {
    const content =
      this.#descriptor === undefined
        ? readOwnFile(this.path)
        : readAll(this.#descriptor, this.bytes);
    if (content.length < this.bytes)
      throw new Error(
        `${this.path} is shorter than what was written: something else has truncated it`,
      );
    const mine = content.subarray(0, this.bytes);
    if (crc32(mine) !== this.#checksum)
      throw new Error(`${this.path} is not what was written: something else has changed it`);
    return mine;
  }

  /** Leaves the file to a later process. */
  leave(): void {
    this.seal();
    releaseName(this.#name);
  }

  /**
   * Removes the file: all its records are delivered or lost.
   *
   * @throws if it stays. Its name is in use then, so that this process does not send it again.
   */
  remove(): void {
    this.seal();
    discardFile(this.path);
    releaseName(this.#name);
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
