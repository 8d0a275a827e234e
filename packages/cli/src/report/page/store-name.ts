import type { LogStoreName } from "../ask/log-store.ts";

/** The page's name for the store of records. Works without knowing which store it is. */
export function storeName(name: LogStoreName | undefined): string {
  return name ?? "the log store";
}
