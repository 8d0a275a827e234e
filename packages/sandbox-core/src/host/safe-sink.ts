import type { DenialSink } from "@pyisolate/policy";

const warned = new WeakSet<object>();

/** A sink that cannot reach back: whatever it throws, the decision stands and goes out. */
export function safeSink(sink: DenialSink | undefined, also: DenialSink): DenialSink {
  const guard = (work: () => unknown): void => {
    try {
      const returned = work();
      // An async method is a sink's mistake too, and its rejection must not end the host.
      if (returned instanceof Promise) returned.catch(warn);
    } catch (error) {
      warn(error);
    }
  };
  const warn = (error: unknown): void => {
    if (sink === undefined || warned.has(sink)) return;
    warned.add(sink);
    process.emitWarning(
      `a denial sink threw, which sinks must not do: ${error instanceof Error ? error.message : String(error)}`,
      "PyIsolateWarning",
    );
  };
  return {
    record: (event) => {
      also.record(event);
      guard(() => sink?.record(event));
    },
    allowed: (capability) => {
      also.allowed?.(capability);
      guard(() => sink?.allowed?.(capability));
    },
    closed: (totals) => guard(() => sink?.closed?.(totals)),
    policyLoaded: (policy) => guard(() => sink?.policyLoaded?.(policy)),
  };
}
