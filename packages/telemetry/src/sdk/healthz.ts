import { worstOf, type Health } from "../health.ts";
import { healthOfRecorders } from "../live.ts";
import type { ExportWatch } from "./export-watch.ts";

/** What `/healthz` answers. */
export interface HealthAnswer {
  /** 503 where the service is blind; a load balancer has no use for one that is merely degraded being taken out. */
  readonly status: 200 | 503;
  /** JSON. */
  readonly body: string;
}

/** @param watch of the exporter; undefined where records are switched off, and only counters can fail. */
export function healthAnswer(watch: ExportWatch | undefined): HealthAnswer {
  const { state, since, why, pending, lost } = overall(watch);
  const body = { state, since: new Date(since).toISOString(), why: why ?? null, pending, lost };
  return { status: state === "blind" ? 503 : 200, body: `${JSON.stringify(body)}\n` };
}

function overall(watch: ExportWatch | undefined): Health {
  const recorders = worstOf(healthOfRecorders());
  const quiet = { since: started, why: undefined, pending: 0, lost: 0 };
  if (watch === undefined) {
    const why = "log records are switched off";
    return { ...quiet, ...recorders, state: "exporting", since: started, why };
  }
  const { failing } = watch.state;
  if (recorders !== undefined) return recorders;
  return { ...quiet, ...failing, state: failing === undefined ? "exporting" : "degraded" };
}

const started = Date.now();
