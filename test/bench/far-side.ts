import { open, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Collector, COLLECTOR_CONFIG, readLogFile, startCollector } from "@pyisolate/stack";
import { ATTRIBUTES as A } from "@pyisolate/telemetry";

/** Names of the cells whose records count; the others' records only warm up. */
const COUNTED = /^cell-/;
/** A text that is once in each record, as the Collector writes it. */
const NEEDLE = Buffer.from(`"${A.denialId.name}"`);
/** How often the file is looked at, milliseconds. */
const EVERY = 10;
/** Ticks of /proc/<pid>/stat in a second: USER_HZ. */
const TICKS = 100;

/** What arrived, by distinct id. */
export interface Arrived {
  readonly ids: ReadonlySet<string>;
  readonly records: number;
  /** Names of the first record's attributes, which show whether two ways send the same. */
  readonly keys: string;
}

/** A real Collector with the repository's configuration, and what its file exporter has written. */
export class FarSide implements AsyncDisposable {
  readonly #binary: string;
  readonly #configs: readonly string[];
  #collector: Collector;
  #read = 0;
  #seen = 0;
  #rest = Buffer.alloc(0);

  private constructor(binary: string, configs: readonly string[], collector: Collector) {
    this.#binary = binary;
    this.#configs = configs;
    this.#collector = collector;
  }

  /** @param tailed is a folder to be tailed as well, if any. */
  static async start(binary: string, stateDir: string, tailed?: string): Promise<FarSide> {
    const configs = [COLLECTOR_CONFIG];
    if (tailed !== undefined) {
      const config = `${stateDir}.tail.yaml`;
      await writeFile(config, JSON.stringify(tailConfig(tailed)));
      configs.push(config);
    }
    const collector = await startCollector({ binary, stateDir, config: configs });
    return new FarSide(binary, configs, collector);
  }

  get endpoint(): string {
    return this.#collector.otlpEndpoint;
  }

  /** Kills the Collector as a crash would, and starts it again on the same ports. */
  async crash(): Promise<void> {
    const { stateDir, ports } = this.#collector;
    await this.#collector.kill();
    this.#collector = await startCollector({
      binary: this.#binary,
      config: this.#configs,
      stateDir,
      ports,
    });
  }

  /** Seconds of CPU so far. */
  async cpuSeconds(): Promise<number> {
    const text = await readFile(`/proc/${this.#collector.pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  /** Resolves when the file has this many records, including those that warmed up and repetitions. */
  async has(count: number, withinMs = 120_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      await this.#look();
      if (this.#seen >= count) return;
      if (Date.now() > deadline)
        throw new Error(`${this.#seen} of ${count} records after ${withinMs / 1000} s`);
      await sleep(EVERY);
    }
  }

  /** Resolves when no more records have come for a while. */
  async settles(quietMs = 2000): Promise<void> {
    let last = -1;
    for (;;) {
      await this.#look();
      if (this.#seen === last) return;
      last = this.#seen;
      await sleep(quietMs);
    }
  }

  async arrived(): Promise<Arrived> {
    const { logs } = await readLogFile(this.#collector.logFile);
    const ids = new Set<string>();
    let records = 0;
    let keys = "";
    for (const { attributes } of logs) {
      const { [A.cell.name]: cell, [A.denialId.name]: id } = attributes;
      if (typeof cell !== "string" || typeof id !== "string" || !COUNTED.test(cell)) continue;
      records += 1;
      ids.add(id);
      keys ||= Object.keys(attributes).toSorted().join(" ");
    }
    return { ids, records, keys };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#collector.stop();
  }

  /** Counts without parsing: this process shares the two cores with the service that is measured. */
  async #look(): Promise<void> {
    const { logFile } = this.#collector;
    const size = await stat(logFile).then(
      (file) => file.size,
      () => 0,
    );
    if (size <= this.#read) return;
    const file = await open(logFile);
    const chunk = Buffer.allocUnsafe(size - this.#read);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#read);
    await file.close();
    this.#read += bytesRead;
    const text = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
    let at = text.indexOf(NEEDLE);
    let after = 0;
    for (; at >= 0; at = text.indexOf(NEEDLE, after)) {
      this.#seen += 1;
      after = at + NEEDLE.length;
    }
    // A record that this chunk cuts in two is counted with the next chunk.
    this.#rest = text.subarray(Math.max(after, text.length - NEEDLE.length + 1));
  }
}

// The file receiver does not hear a refusal, so nothing behind it may refuse: there is no memory limiter.
function tailConfig(folder: string): unknown {
  return {
    receivers: {
      otlp_json_file: {
        include: [path.join(folder, "*.jsonl")],
        start_at: "beginning",
        include_file_name: false,
        max_log_size: "16MiB",
        storage: "file_storage",
      },
    },
    service: {
      pipelines: {
        logs: {
          receivers: ["otlp_json_file"],
          processors: ["transform/event_name", "redaction/logs"],
        },
      },
    },
  };
}
