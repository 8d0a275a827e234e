export { Supervisor } from "./host/supervisor.ts";
export type { CellUser, ReloadOptions, SupervisorOptions } from "./host/supervisor-options.ts";
export type { Sandbox, SpawnOptions } from "./host/sandbox.ts";
export type { ExecLimits, ExecOptions } from "./host/exec-options.ts";
export {
  type Tool,
  type ToolContext,
  ToolError,
  type ToolHandler,
  type Tools,
  type ToolSchema,
} from "./host/tools/tool.ts";
export {
  type PolicyFileHealth,
  type PolicyWatch,
  watchPolicy,
  type WatchPolicyOptions,
} from "./host/policy-file/watch-policy.ts";
export type { Stats } from "./host/denial-log.ts";
export type { ShadowTotals } from "./host/shadow-verdicts.ts";
export type { Lookup } from "./host/names/lookup-queue.ts";
export type { KernelPlan } from "./kernel/plan.ts";
export type { Hold, PlannedRule } from "./kernel/planned-rule.ts";
export { printKernelPlan } from "./kernel/print-plan.ts";
export { type Grant, RIGHTS } from "./kernel/rights.ts";
export { CellStartError, ClosedError } from "./host/cell-errors.ts";
export { GuestError, type GuestThrown } from "./host/guest-error.ts";
export { GUEST_SURFACE, type GuardedOperation, type GuestOperation } from "./surface.ts";
export { PolicyAuthError, PolicyError } from "@pyisolate/policy";
