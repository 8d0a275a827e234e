import { worstOf, type Health } from "../../health.ts";
import { linkedRecorders } from "../../provider-link.ts";
import type { ExporterStatus } from "../delivery/exporter-status.ts";

/** The answer of `/healthz`. */
export interface HealthAnswer {
  /** 503 only when telemetry is blind. A degraded service still works, so load balancers should keep it. */
  readonly status: 200 | 503;
  /** JSON. */
  readonly body: string;
}

/** @param status The status of the log records' exporter. */
export function healthAnswer(status: ExporterStatus): HealthAnswer {
  const { state, since, why, pending, lost, policy } = overallHealth(status);
  const body = {
    state,
    since: new Date(since).toISOString(),
    why: why ?? null,
    pending,
    lost,
    policy:
      policy === undefined ? null : { ...policy, since: new Date(policy.since).toISOString() },
  };
  return { status: state === "blind" ? 503 : 200, body: `${JSON.stringify(body)}\n` };
}

/** The health of all recorders of the process. Without a recorder, it follows from the delivery of log records. */
export function overallHealth(status: ExporterStatus): Health {
  const recorders = worstOf(linkedRecorders().map((recorder) => recorder.health()));
  const { off, ...state } = status.state;
  const failing = state.failing ?? state.spoolFailing;
  const quiet: Health = {
    state: "exporting",
    since: started,
    why: undefined,
    pending: 0,
    lost: 0,
    policy: undefined,
  };
  const health =
    recorders ?? (failing === undefined ? quiet : { ...quiet, ...failing, state: "degraded" });
  return off && health.why === undefined
    ? { ...health, why: "log records are switched off" }
    : health;
}

const started = Date.now();
