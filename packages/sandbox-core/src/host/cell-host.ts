import type { Authority } from "./authority.ts";
import type { CellPlans } from "./cell-kernel.ts";
import type { ProcessSampler } from "./process-sampler.ts";
import type { ToolSet } from "./tools/tool-set.ts";

/** What a cell needs from its supervisor. */
export interface CellHost {
  readonly authority: Authority;
  readonly plans: CellPlans;
  readonly tools: ToolSet;
  readonly watch: Pick<ProcessSampler, "add" | "remove">;
}
