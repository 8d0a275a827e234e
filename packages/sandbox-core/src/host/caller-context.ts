import { AsyncLocalStorage } from "node:async_hooks";

/** Runs a function in the async context that was current when this was made. */
export type CallerContext = <R>(work: () => R) => R;

/**
 * The async context of the host's code that calls into a cell. A cell's requests arrive on a socket, outside of every caller; entering this
 * before the event is recorded gives the denial the caller's trace, without this package knowing of any tracing.
 */
export function callerContext(): CallerContext {
  return AsyncLocalStorage.snapshot();
}

/**
 * The context of no caller. What lives longer than a call is made here: a process that waits in the pool would otherwise
 * keep the trace, and all else, of the call that happened to fill it.
 */
export const outsideOfCalls: CallerContext = AsyncLocalStorage.snapshot();
