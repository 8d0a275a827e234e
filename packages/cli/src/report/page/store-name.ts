import type { LogStoreName } from "../ask/log-store.ts";

/** What the page calls the store of records, also where it is not known which it would have been. */
export function storeName(name: LogStoreName | undefined): string {
  return name ?? "the log store";
}
