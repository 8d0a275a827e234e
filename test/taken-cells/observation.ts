import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";

import type { Script } from "./script.ts";

/** Something that a cell does to its host. */
export interface Case {
  readonly name: string;
  /** Calls into one cell, in order: programs of an honest cell, scripts of one that is taken over. */
  readonly calls: readonly (string | Script)[];
  /** How often all of them are made. */
  readonly times?: number;
  /** How many are in flight at once. */
  readonly atOnce?: number;
  readonly reader?: "none" | "eager" | "slow";
  readonly limits?: Readonly<Record<string, number>>;
  /** How long it is watched on after the calls, milliseconds; at most half a second of it after the cell's end. */
  readonly lingerMs?: number;
}

/** What the host felt of it. */
export interface Observation {
  readonly name: string;
  /** How the calls ended, `value`, or the error's name and the rule, by number. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The longest turn of the host's loop, milliseconds of CPU time. */
  readonly longestMs: number;
  /** Heap and what hangs on it, beyond what it was before: once the collector has run, and at the highest that was seen. */
  readonly heldMiB: number;
  readonly peakMiB: number;
  /** What errors said, each text once, at most ten. */
  readonly said: readonly string[];
  /** How long the calls took, milliseconds. */
  readonly callsMs: number;
  /** Lines that the guest wrote. */
  readonly lines: number;
  /** Messages that were read. */
  readonly read: number;
  readonly denials: Readonly<Record<string, number>>;
  readonly closed: boolean;
  readonly seconds: number;
}

export interface HostStart {
  /** Most that the host's old space may hold, MiB. */
  readonly oldSpaceMib?: number;
  readonly patienceMs?: number;
}

/** Watches cases one after the other, in one host process; a host that dies is told in place of what was not seen. */
export async function observe(
  cases: readonly Case[],
  { oldSpaceMib, patienceMs = 100_000 }: HostStart = {},
): Promise<{ readonly seen: readonly Observation[]; readonly died: string | null }> {
  const heap = oldSpaceMib === undefined ? [] : [`--max-old-space-size=${oldSpaceMib}`];
  const child = spawn(
    process.execPath,
    ["--expose-gc", "--no-node-snapshot", ...heap, path.join(import.meta.dirname, "observer.ts")],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const patience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(cases));
  const [output, errors, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null, string | null]>,
  ]);
  clearTimeout(patience);
  const seen = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Observation);
  const next = cases[seen.length]?.name ?? "its end";
  const why = /heap out of memory/.test(errors) ? "heap out of memory" : errors.slice(-500);
  return { seen, died: code === 0 ? null : `at "${next}": ${signal ?? code}, ${why}` };
}
