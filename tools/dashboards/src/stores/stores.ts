import type { LogStore } from "./log-store.ts";
import { LOKI } from "./loki.ts";
import { VICTORIALOGS } from "./victorialogs.ts";

/** Each has its own files of the same dashboards. */
export const LOG_STORES: readonly LogStore[] = [VICTORIALOGS, LOKI];

/** A dashboard's title. Loki's are called what they were called before there was another store. */
export function titleOf({ name, suffix }: LogStore, title: string): string {
  return suffix === "" ? `PyIsolate / ${title}` : `PyIsolate / ${title}, ${name}`;
}
