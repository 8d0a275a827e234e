import { performance } from "node:perf_hooks";

/** How often the loop is looked at, milliseconds: what it did between two looks is at most this and its longest turn. */
const PERIOD_MS = 4;

/**
 * Tells how long this thread's loop stood: the least of the thread's CPU time, so that other work on the machine does not count, and of the
 * time that the loop did not wait, since Linux may charge a thread for a pause of the whole virtual machine.
 */
export interface LoopMonitor extends Disposable {
  /** The longest turn since the last reset, milliseconds of CPU time. */
  readonly longestMs: () => number;
  reset(): void;
}

export function watchLoop(): LoopMonitor {
  let longest = 0;
  let last = clocks();
  const look = (): void => {
    const now = clocks();
    const ms = Math.min(now.cpuMs - last.cpuMs, now.activeMs - last.activeMs);
    longest = Math.max(longest, ms - PERIOD_MS);
    last = now;
  };
  const timer = setInterval(look, PERIOD_MS);
  return {
    longestMs: () => {
      look();
      return longest;
    },
    reset: () => {
      longest = 0;
      last = clocks();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function clocks(): { readonly cpuMs: number; readonly activeMs: number } {
  const { user, system } = process.threadCpuUsage();
  return { cpuMs: (user + system) / 1000, activeMs: performance.eventLoopUtilization().active };
}
