import type { DenialSink } from "@pyisolate/policy";

import type { Control } from "../control.ts";

/** What the watch of a policy file needs of a supervisor, besides its public methods. */
export interface WatchedSupervisor {
  /** Refuses a wrong token, and records that. */
  readonly control: Control;
  readonly sink: DenialSink;
  /** Ends each watch. */
  readonly watches: Set<() => Promise<void>>;
}

const known = new WeakMap<object, WatchedSupervisor>();

/** Lets policy files be watched for a supervisor. @returns ends the watches. */
export function admitWatches(
  supervisor: object,
  parts: Omit<WatchedSupervisor, "watches">,
): () => Promise<void> {
  const watches = new Set<() => Promise<void>>();
  known.set(supervisor, { ...parts, watches });
  return async () => {
    await Promise.all([...watches].map(async (end) => await end()));
  };
}

/** Undefined for what is not a supervisor. */
export function watchedSupervisor(supervisor: unknown): WatchedSupervisor | undefined {
  return typeof supervisor === "object" && supervisor !== null ? known.get(supervisor) : undefined;
}
