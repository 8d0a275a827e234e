import { AsyncResource } from "node:async_hooks";

/** Runs a function in the async context that was current when this was made. */
export type CallerContext = <R>(work: () => R) => R;

/**
 * Captures the async context of the host's code that calls into a cell. A cell's requests arrive on a socket, outside of any
 * caller's context. Entering the captured one before an event is recorded gives the denial the caller's trace, although this
 * package imports no tracing.
 */
export function callerContext(): CallerContext {
  // `AsyncLocalStorage.snapshot` does the same in sixty times the time, and each call into a cell captures a context.
  const resource = new AsyncResource("PyIsolateCall");
  return (work) => resource.runInAsyncScope(work);
}

/**
 * The context of no caller. Objects that outlive a call are made in it. Otherwise a process in the pool would keep the trace, and
 * everything else, of the call during which the pool was filled.
 */
export const outsideOfCalls: CallerContext = callerContext();
