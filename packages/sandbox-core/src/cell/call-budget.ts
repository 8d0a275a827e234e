import type { CallLimits } from "../frames.ts";
import type { GuestIsolate, Overrun } from "./isolate.ts";

/**
 * The clock limit of one entry, as a multiple of the CPU time that the call has left. The clock also runs while other work on the
 * machine has the core, and the guest must not pay for that. The host limits what the kernel counts, and on an idle machine it
 * ends the cell first.
 */
const PATIENCE = 2;

/**
 * Longest entry that is charged by the guest's clock alone, milliseconds. To ask the kernel takes 2 us each time, and for a guest that only
 * waits for its host, most entries are shorter than this.
 */
const SHORT_MS = 0.1;

/**
 * Most short entries in a row before the kernel is asked all the same. What the cell did between them is counted against the next long
 * entry, which may only have waited for a core.
 */
const MAX_SHORT = 16;

/** CPU time of this thread when the kernel was asked last, and how many entries ago that was. */
let threadBefore = threadCpuMs();
let shortEntries = 0;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One call into the cell, from the moment it enters until everything that it started has settled. */
export interface CallBudget extends Mutable<CallLimits> {
  readonly id: number;
  cpuUsed: number;
  outputUsed: number;
}

/** A call that has used nothing yet. */
export function newCallBudget(id: number, { cpuMs, wallMs, outputBytes }: CallLimits): CallBudget {
  return { id, cpuMs, wallMs, outputBytes, cpuUsed: 0, outputUsed: 0 };
}

/** How many bytes of output the call has left. */
export function outputLeft({ outputBytes, outputUsed }: CallBudget): number {
  return outputBytes - outputUsed;
}

/**
 * Runs the guest within a call's CPU time. Rethrows what the guest throws.
 *
 * @param work Enters the isolate, for at most `timeout` milliseconds.
 * @param onOverrun Ends the cell.
 */
export function charged<R>(
  call: CallBudget,
  guest: GuestIsolate,
  work: (timeout: number) => R,
  onOverrun: (which: Overrun, call: CallBudget) => never,
): R {
  const guestBefore = guest.cpuMs;
  const timeout = Math.max(1, Math.ceil((call.cpuMs - call.cpuUsed) * PATIENCE));
  try {
    return work(timeout);
  } catch (error) {
    if (guest.isDisposed) onOverrun("memory", call);
    // The message alone proves nothing: a guest can throw an error that reads the same.
    const isTimeout = error instanceof Error && error.message === "Script execution timed out.";
    if (isTimeout && guest.cpuMs - guestBefore >= timeout * 0.95) onOverrun("cpu", call);
    throw error;
  } finally {
    call.cpuUsed += cpuOf(guest.cpuMs - guestBefore);
    if (call.cpuUsed > call.cpuMs) onOverrun("cpu", call);
  }
}

/**
 * CPU time of an entry that took so long by the guest's clock, milliseconds. isolated-vm counts the guest alone, but by the clock; the
 * kernel counts CPU time, but of the guards and of the cell between the entries too. Both include the guest's CPU time, so the lesser of
 * the two is nearest to it.
 */
function cpuOf(guestMs: number): number {
  shortEntries += 1;
  if (guestMs <= SHORT_MS && shortEntries <= MAX_SHORT) return guestMs;
  shortEntries = 0;
  const before = threadBefore;
  threadBefore = threadCpuMs();
  return Math.min(guestMs, threadBefore - before);
}

/** CPU time of the one thread that runs the guest and its guards, milliseconds. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
