import { cleanText } from "@pyisolate/policy/events";

import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { HttpTransport } from "../otlp/http-transport.ts";
import { RetryingTransport } from "../otlp/retrying-transport.ts";
import { messageOf } from "../error-text.ts";
import { DeadLetters, type DeadLetter, type TakenLetters } from "../spool/dead-letters.ts";
import { lastRecords } from "../spool/jsonl.ts";
import { LogExporter } from "./log-exporter.ts";
import { RefusedRecords } from "./refused-records.ts";

/** Longest reason that is told, UTF-16 code units. */
const MAX_WHY = 300;

/** What became of refused records that were sent again. */
export interface Resent {
  /** Records that the server has taken. */
  readonly taken: number;
  /** Records that were refused again. They are kept, with the new answer. */
  readonly refused: number;
  /** Records that could not be sent in the time there was. They are kept. */
  readonly waiting: number;
}

/** How refused records are sent again. */
export interface ResendHow {
  /** Ends it early: what is not sent by then is kept. */
  readonly signal?: AbortSignal;
  /** Only reads what there is: all of it is `waiting`. Default false. */
  readonly dryRun?: boolean;
  /** Called after each letter, and in a dry run for each one, with what was done so far. */
  readonly onLetter?: (
    letter: Readonly<Pick<DeadLetter, "time" | "answer">>,
    soFar: Resent,
  ) => void;
  /** Called with what an operator has to know. Default: a process warning. */
  readonly onWarning?: (message: string) => void;
}

/** Where refused records are kept, and where to send them. */
export interface ResendSettings {
  readonly spool: {
    readonly directory: string;
    readonly maxBytes: number;
    readonly sync: boolean;
  };
  readonly logsUrl: string | undefined;
  /** Milliseconds. */
  readonly flushTimeout: number;
}

/** @throws SpoolError if the folder or a file cannot be read or written. */
export async function resend(
  settings: ResendSettings,
  how: ResendHow & Required<Pick<ResendHow, "onWarning">>,
): Promise<Resent> {
  const { directory: folder, maxBytes, sync } = settings.spool;
  const letters = new DeadLetters(folder, maxBytes, sync);
  if (how.dryRun === true) return look(letters, how);
  const resending = new Resending(letters, settings.logsUrl, how);
  const end = () => {
    resending.close();
  };
  const timer = setTimeout(end, settings.flushTimeout);
  how.signal?.addEventListener("abort", end);
  let files: readonly TakenLetters[] = [];
  try {
    if (how.signal?.aborted === true) end();
    files = letters.take();
    for (const file of files) await resending.send(file);
  } finally {
    // One that cannot be read ends it: those behind it are for the next time.
    for (const file of files) file.leave();
    clearTimeout(timer);
    how.signal?.removeEventListener("abort", end);
    end();
  }
  resending.tellWhy();
  return resending.soFar;
}

function look(letters: DeadLetters, { onLetter, onWarning }: Parameters<typeof resend>[1]): Resent {
  let waiting = 0;
  for (const { letters: all, unreadable } of letters.look()) {
    for (const letter of all) {
      waiting += letter.records;
      onLetter?.(letter, { taken: 0, refused: 0, waiting });
    }
    warnOf(unreadable.length, letters.path, onWarning);
  }
  return { taken: 0, refused: 0, waiting };
}

class Resending {
  readonly #letters: DeadLetters;
  readonly #how: Parameters<typeof resend>[1];
  readonly #kept: RefusedRecords;
  readonly #exporter: LogExporter;
  readonly #counts = { taken: 0, refused: 0, waiting: 0 };
  /** Of the file that is being sent. */
  #isAllKept = true;
  /** Why the last attempt came to nothing; undefined if it did come to something. */
  #why: string | undefined;

  constructor(
    letters: DeadLetters,
    logsUrl: string | undefined,
    how: Parameters<typeof resend>[1],
  ) {
    this.#letters = letters;
    this.#how = how;
    this.#kept = new RefusedRecords(letters, how.onWarning);
    this.#exporter = new LogExporter(
      new RetryingTransport(new HttpTransport(logsUrl, "LOGS", "v1/logs"), {
        failing: (error) => {
          this.#why = cleanText(messageOf(error), MAX_WHY);
        },
        recovered: () => {
          this.#why = undefined;
        },
      }),
      {
        exported: ({ records }) => {
          this.#counts.taken += records;
        },
        lost: ({ records }) => {
          this.#counts.refused += records;
        },
      },
      { keep: (letter) => this.#keep(letter) },
    );
  }

  get soFar(): Resent {
    return { ...this.#counts };
  }

  async send(file: TakenLetters): Promise<void> {
    this.#isAllKept = true;
    const { letters, unreadable } = file.read();
    for (const line of unreadable) this.#isAllKept &&= this.#letters.tryAddLine(line);
    warnOf(unreadable.length, this.#letters.path, this.#how.onWarning);
    for (const letter of letters) {
      await this.#sendLetter(letter);
      this.#how.onLetter?.(letter, this.soFar);
    }
    // Not earlier: if the process is killed before this line, the next call sends the letters again.
    if (this.#isAllKept) file.remove();
  }

  close(): void {
    this.#exporter.close();
  }

  /** Says why records were not sent, where that is known. */
  tellWhy(): void {
    if (this.#counts.waiting > 0 && this.#why !== undefined)
      this.#how.onWarning(`${this.#counts.waiting} records were not sent: ${this.#why}`);
  }

  async #sendLetter(letter: DeadLetter): Promise<void> {
    const receipts = new BatchReceipts();
    for (let n = 0; n < letter.records; n++) receipts.add(undefined);
    const batch = { requests: [letter.request], receipts, settled: () => {}, done: () => {} };
    if (await this.#exporter.sendBatch(batch)) return;
    // Some of its records may be settled already.
    const { records } = receipts;
    this.#counts.waiting += records;
    const rejected = Math.min(letter.rejected, records);
    const rest = { ...letter, records, rejected, request: lastRecords(letter.request, records) };
    // Not by what keeps the refused: nothing was refused now, and it would tell of the answer of then.
    try {
      this.#letters.add(rest);
    } catch {
      this.#isAllKept = false;
    }
  }

  #keep(letter: DeadLetter): boolean {
    const isKept = this.#kept.keep(letter);
    this.#isAllKept &&= isKept;
    return isKept;
  }
}

function warnOf(unreadable: number, path: string, warn: (message: string) => void): void {
  if (unreadable > 0) warn(`${unreadable} dead letters cannot be read: they stay in ${path}`);
}
