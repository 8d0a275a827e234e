/** How often the loop is looked at, milliseconds: what it did between two looks is at most this and its longest turn. */
const PERIOD_MS = 4;

/** Tells how long this thread's loop stood, by the thread's own CPU time: other work on the machine does not count. */
export interface LoopMonitor extends Disposable {
  /** The longest turn since the last reset, milliseconds of CPU time. */
  readonly longestMs: () => number;
  reset(): void;
}

export function watchLoop(): LoopMonitor {
  let longest = 0;
  let last = threadCpuMs();
  const look = (): void => {
    const now = threadCpuMs();
    longest = Math.max(longest, now - last - PERIOD_MS);
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
      last = threadCpuMs();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
