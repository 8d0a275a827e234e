import type { Limits } from "./policy.ts";

interface LimitRow {
  /** The limit's name in {@link Limits}. */
  readonly field: keyof Limits;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  /** The attack that the limit stops. */
  readonly bounds: string;
}

/** One day, milliseconds: no call may wait longer. A timer beyond 2^31 milliseconds would fire at once (HTML, timers). */
const DAY_MS = 86_400_000;

/** Every limit, by its name in a policy document. */
export const LIMITS = {
  cpu_ms: {
    field: "cpuMs",
    default: 1000,
    min: 1,
    max: DAY_MS,
    unit: "milliseconds of CPU time in one call into the cell",
    bounds: "a guest that computes without end: while (true), a catastrophic regular expression",
  },
  wall_ms: {
    field: "wallMs",
    default: 5000,
    min: 1,
    max: DAY_MS,
    unit: "milliseconds of wall-clock time for one call into the cell",
    bounds:
      "a guest that waits without end: a promise that never settles, a server that never answers",
  },
  memory_mib: {
    field: "memoryMib",
    default: 64,
    // isolated-vm refuses a heap below 8 MiB.
    min: 8,
    max: 65_536,
    unit: "MiB of the guest's heap",
    bounds: "a guest that fills the memory: endless arrays, strings that double",
  },
  calls: {
    field: "calls",
    default: 100_000,
    min: 1,
    max: 1_000_000_000,
    unit: "guarded operations in one call into the cell",
    bounds:
      "a guest that keeps the host busy: a loop of allowed or refused operations, a flood of denials",
  },
  output_bytes: {
    field: "outputBytes",
    default: 1_048_576,
    min: 1,
    max: 1_073_741_824,
    unit: "bytes that leave the cell in one call into it: result, console, messages, arguments of tools",
    bounds: "a guest that fills the host's memory or logs through what it returns, prints or posts",
  },
} as const satisfies Record<string, LimitRow>;

export type LimitName = keyof typeof LIMITS;
export const LIMIT_NAMES = Object.keys(LIMITS) as readonly LimitName[];
