import type { Account, Calls } from "./calls.ts";
import type { Sample } from "./process-sampler.ts";

const MIB = 1024 * 1024;

/** Room beside the guest's heap, bytes: V8 copies when it collects, and the guards need some of their own. */
const RESIDENT_SLACK = 48 * MIB;

/**
 * What a call's CPU time may be measured to be beyond its limit. The cell counts the guest's own exactly and ends it first
 * where it still can; this is for what cannot be interrupted, and must not hit who stays below.
 */
const CPU_TOLERANCE = 1.1;
const CPU_SLACK_MS = 100;
/** CPU time of the guards for one request, milliseconds, generously. It is not the guest's. */
const GUARD_CPU_MS = 0.2;

/** A limit that a cell has exceeded. */
export interface Excess {
  readonly limit: "memory" | "cpu";
  readonly detail: string;
  readonly account: Account;
}

/** What a cell's process uses, held against the limits of the calls into it. */
export class LimitCheck {
  readonly #memoryBytes: number;
  #firstResident: number | undefined;
  /** CPU time when a call was last in flight, and how many calls had begun by then. */
  #idle = { sinceCpuMs: 0, begun: -1 };

  /** @param memoryMib Limit of the guest's heap. */
  constructor(memoryMib: number) {
    this.#memoryBytes = memoryMib * MIB * 2 + RESIDENT_SLACK;
  }

  /**
   * What the sample exceeds, if anything. Memory counts from the first sample, when the cell was ready; CPU time from the
   * first sample of each call.
   *
   * @param idleCpuMs What a cell may use while no call into it is in flight: timers, promises that no code awaits.
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
