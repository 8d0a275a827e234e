import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";

import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";

/** Bytes of one file: as large as one of our spool's. */
const FILE_BYTES = 1024 * 1024;

/**
 * The other way to be durable: OTLP requests, one a line, in files that a Collector's `otlp_json_file` receiver tails. All
 * of a turn is one write, as in our spool. The files are not removed: the service that writes them cannot know what has been read.
 */
export class LineFiles implements LogRecordProcessor {
  readonly #folder: string;
  #records: ReadableLogRecord[] = [];
  #file: number | undefined;
  #files = 0;
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  onEmit(record: ReadableLogRecord): void {
    if (this.#records.push(record) > 1) return;
    queueMicrotask(() => {
      this.#write();
    });
  }

  async forceFlush(): Promise<void> {
    this.#write();
  }

  async shutdown(): Promise<void> {
    this.#write();
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #write(): void {
    if (this.#records.length === 0) return;
    const request = JsonLogsSerializer.serializeRequest(this.#records);
    this.#records = [];
    if (request === undefined) throw new TypeError("these records have no OTLP form");
    const line = Buffer.concat([request, Buffer.from("\n")]);
    this.#file ??= this.#next();
    for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at);
    this.#bytes += line.length;
    if (this.#bytes < FILE_BYTES) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#bytes = 0;
  }

  #next(): number {
    this.#files += 1;
    return openSync(path.join(this.#folder, `${process.pid}-${this.#files}.jsonl`), "ax");
  }
}
