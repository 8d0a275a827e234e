export { Supervisor } from "./host/supervisor.ts";
export type { SupervisorOptions } from "./host/supervisor-options.ts";
export type { Sandbox, SpawnOptions } from "./host/sandbox.ts";
export type { Stats } from "./host/denials.ts";
export type { Lookup } from "./host/lookup-queue.ts";
export { CellStartError, ClosedError, GuestError } from "./host/errors.ts";
export { GUEST_SURFACE, type GuardedOperation, type GuestOperation } from "./surface.ts";
export { PolicyAuthError, PolicyError } from "@pyisolate/policy";
