import type { Start } from "../../frames.ts";
import type { Confined } from "../../kernel/confinement.ts";
import { isSamePlan } from "../../kernel/plan.ts";

/** What a cell process is started with. */
export interface Launch {
  readonly start: Start;
  /** Undefined for a process that the kernel does not confine. */
  readonly confined: Confined | undefined;
}

/** Whether processes that were started with one launch can stand in for those of the other. */
export function isSameLaunch(one: Launch, other: Launch): boolean {
  if (one.start.memoryMib !== other.start.memoryMib) return false;
  if (one.confined === undefined || other.confined === undefined)
    return one.confined === other.confined;
  return isSamePlan(one.confined.plan, other.confined.plan);
}
