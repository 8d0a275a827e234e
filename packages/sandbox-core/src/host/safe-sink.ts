import type { DenialSink } from "@pyisolate/policy";

import { callBack } from "./call-back.ts";
import { thrownText } from "./thrown-text.ts";

const warned = new WeakSet<object>();

/** Wraps a sink so that nothing it throws reaches the broker: the decision stands and is sent. */
export function safeSink(sink: DenialSink | undefined, also: DenialSink): DenialSink {
  // A sink must be synchronous. If it is async by mistake, its rejection must not end the host.
  const guard = (work: () => unknown): void => callBack(work, warn);
  const warn = (error: unknown): void => {
    if (sink === undefined || warned.has(sink)) return;
    warned.add(sink);
    process.emitWarning(
      `a denial sink threw, which sinks must not do: ${thrownText(error)}`,
      "PyIsolateWarning",
    );
  };
  return {
    get recordsFirst() {
      let isFirst = false;
      guard(() => {
        isFirst = sink?.recordsFirst === true;
      });
      return isFirst;
    },
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
    policyFile: (path, failing) => guard(() => sink?.policyFile?.(path, failing)),
  };
}
