import type { Account, Calls } from "./calls.ts";
import type { Sample } from "./process-sampler.ts";

const MIB = 1024 * 1024;

/**
 * Resident memory that a cell may use beside the guest's heap, bytes: V8 needs room to copy when it collects garbage, and the
 * guards use some.
 */
const RESIDENT_SLACK = 48 * MIB;

/**
 * How far a call's measured CPU time may exceed its limit before the host ends the cell. The cell counts the guest's time exactly
 * and ends it first if it still can. The host's limit is for code that cannot be interrupted, and must not hit a guest that stays
 * below its own.
 */
const CPU_TOLERANCE = 1.1;
const CPU_SLACK_MS = 100;
/** CPU time that the guards may use for one request, milliseconds; a generous bound. It is not charged to the guest. */
const GUARD_CPU_MS = 0.2;

/** A limit that a cell has exceeded. */
export interface Excess {
  readonly limit: "memory" | "cpu";
  readonly detail: string;
  readonly account: Account;
}

/** Compares what a cell's process uses with the limits of the calls into it. */
export class ProcessLimits {
  readonly #memoryBytes: number;
  #firstResident: number | undefined;
  /** CPU time at the last sample with a call in flight, and how many calls had begun by then. */
  #idle = { sinceCpuMs: 0, begun: -1 };

  /** @param memoryMib Limit of the guest's heap. */
  constructor(memoryMib: number) {
    this.#memoryBytes = memoryMib * MIB * 2 + RESIDENT_SLACK;
  }

  /**
   * Which limit the sample exceeds, if any. Memory counts from the first sample, taken when the cell was ready; CPU time counts
   * from the first sample of each call.
   *
   * @param idleCpuMs CPU time that a cell may use while no call is in flight, for timers and promises that nothing awaits;
   *   milliseconds.
   */
  excess({ residentBytes, cpuMs }: Sample, calls: Calls, idleCpuMs: number): Excess | undefined {
    this.#firstResident ??= residentBytes;
    if (residentBytes - this.#firstResident > this.#memoryBytes) {
      return {
        limit: "memory",
        detail: `resident ${Math.round(residentBytes / MIB)} MiB`,
        account: calls.newest,
      };
    }
    if (calls.inFlight.size > 0 || calls.begun !== this.#idle.begun) {
      this.#idle = { sinceCpuMs: cpuMs, begun: calls.begun };
    } else if (cpuMs - this.#idle.sinceCpuMs > idleCpuMs) {
      return { limit: "cpu", detail: "with no call in flight", account: calls.newest };
    }
    let requests = 0;
    for (const call of calls.inFlight.values()) requests += call.requests;
    for (const call of calls.inFlight.values()) {
      call.cpuAtFirstLook ??= cpuMs;
      const allowed =
        (call.limits.cpuMs + call.othersCpuMs) * CPU_TOLERANCE +
        CPU_SLACK_MS +
        requests * GUARD_CPU_MS;
      if (cpuMs - call.cpuAtFirstLook > allowed)
        return { limit: "cpu", detail: `${call.limits.cpuMs} ms`, account: call };
    }
    return undefined;
  }
}
