import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { HttpTransport } from "../otlp/http-transport.ts";
import { RetryingTransport } from "../otlp/retrying-transport.ts";
import { DeadLetters, type DeadLetter } from "../spool/dead-letters.ts";
import { LogExporter } from "./log-exporter.ts";
import { RefusedRecords } from "./refused-records.ts";

/** What became of refused records that were sent again. */
export interface Resent {
  /** Records that the far end has taken. */
  readonly taken: number;
  /** Records that were refused again. They are kept, with the new answer. */
  readonly refused: number;
  /** Records that could not be sent in the time there was. They are kept. */
  readonly waiting: number;
}

/** Where refused records are kept, and where to send them. */
export interface ResendSettings {
  readonly spool: { readonly directory: string; readonly maxBytes: number };
  readonly logsUrl: string | undefined;
  /** Milliseconds. */
  readonly flushTimeout: number;
}

/** @throws if the files cannot be read or written. */
export async function resend(
  { spool, logsUrl, flushTimeout }: ResendSettings,
  warn: (message: string) => void,
): Promise<Resent> {
  const letters = new DeadLetters(spool.directory, spool.maxBytes);
  const transport = new RetryingTransport(new HttpTransport(logsUrl, "LOGS", "v1/logs"));
  const counts = { taken: 0, refused: 0, waiting: 0 };
  const kept = new RefusedRecords(letters, warn);
  let isAllKept = true;
  const keeper = {
    keep: (letter: DeadLetter) => {
      const isKept = kept.keep(letter);
      isAllKept &&= isKept;
      return isKept;
    },
  };
  const exporter = new LogExporter(
    transport,
    {
      exported: ({ records }) => {
        counts.taken += records;
      },
      lost: ({ records }) => {
        counts.refused += records;
      },
    },
    keeper,
  );
  const timer = setTimeout(() => {
    exporter.close();
  }, flushTimeout);
  try {
    for (const file of letters.take()) {
      try {
        const { letters: taken, unreadable } = file.read();
        if (unreadable > 0) warn(`${unreadable} dead letters cannot be read, and are lost`);
        for (const letter of taken) {
          if (await exporter.sendBatch(batchOf(letter))) continue;
          counts.waiting += letter.records;
          keeper.keep(letter);
        }
        // Not earlier: if the process is killed before this line, the next call sends the letters again.
        if (isAllKept) file.remove();
      } finally {
        file.leave();
      }
    }
  } finally {
    clearTimeout(timer);
    exporter.close();
  }
  return counts;
}

function batchOf({ request, records }: DeadLetter) {
  const receipts = new BatchReceipts();
  for (let n = 0; n < records; n++) receipts.add(undefined);
  return { requests: [request], receipts, settled: () => {}, done: () => {} };
}
