import type { LogStore, LogStoreName } from "./log-store.ts";
import { createLoki } from "./loki.ts";
import { SourceError } from "./source-error.ts";
import { createVictoriaLogs } from "./victorialogs.ts";

/** An address at which a log store may be, and which store would be there. */
export interface LogStoreAt {
  readonly name: LogStoreName;
  readonly url: URL;
}

const CREATED: Readonly<Record<LogStoreName, (url: URL, signal?: AbortSignal) => LogStore>> = {
  VictoriaLogs: createVictoriaLogs,
  Loki: createLoki,
};

/**
 * Returns the first candidate that answers as its kind of store. A single candidate is returned unchecked: the first query then
 * reports what is wrong with it.
 *
 * @param hint What to do where none is found.
 * @throws {SourceError} With the answer of each candidate.
 */
export async function findLogStore(
  places: readonly [LogStoreAt, ...LogStoreAt[]],
  signal?: AbortSignal,
  hint = "Say where it is with --victorialogs or --loki, or --no-logs for counts only.",
): Promise<LogStore> {
  const stores = places.map(({ name, url }) => CREATED[name](url, signal));
  const [only, another] = stores;
  if (only !== undefined && another === undefined) return only;
  const problems: string[] = [];
  for (const store of stores) {
    try {
      await store.present();
      return store;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push(error.message);
    }
  }
  throw new SourceError(`No log store was found: ${problems.join(" ")} ${hint}`);
}
