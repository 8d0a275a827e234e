import type { CallLimits } from "../frames.ts";
import type { GuestIsolate, Overrun } from "./isolate.ts";

/**
 * How much longer than its CPU time a guest may run by the clock before the cell ends it: other work on the machine is not
 * its own. The host looks at what the kernel counts, and is there first where nothing else runs.
 */
const PATIENCE = 2;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One call into the cell, from the moment it enters until what it started has come back. */
export interface CallBudget extends Mutable<CallLimits> {
  readonly id: number;
  cpuUsed: number;
  outputUsed: number;
}

/** A call that has used nothing yet. */
export function newCallBudget(id: number, { cpuMs, wallMs, outputBytes }: CallLimits): CallBudget {
  return { id, cpuMs, wallMs, outputBytes, cpuUsed: 0, outputUsed: 0 };
}

/** How many bytes a call may still put out. */
export function outputLeft({ outputBytes, outputUsed }: CallBudget): number {
  return outputBytes - outputUsed;
}

/**
 * Runs the guest within a call's CPU time. What it throws is the guest's own.
 *
 * @param work Enters the isolate, for at most so many milliseconds.
 * @param onOverrun Ends the cell.
 */
export function charged<R>(
  call: CallBudget,
  guest: GuestIsolate,
  work: (timeout: number) => R,
  onOverrun: (which: Overrun, call: CallBudget) => never,
): R {
  const guestBefore = guest.cpuMs;
  const threadBefore = threadCpuMs();
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
    // isolated-vm counts by the clock, without the guards; the kernel counts what ran, with them. The guest's is in both.
    call.cpuUsed += Math.min(guest.cpuMs - guestBefore, threadCpuMs() - threadBefore);
    if (call.cpuUsed > call.cpuMs) onOverrun("cpu", call);
  }
}

/** CPU time of the one thread that runs the guest and its guards, milliseconds. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
