import { setTimeout as sleep } from "node:timers/promises";

import { createDenialRecorder, type DenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

/** What a service of the load gets from its runner. */
export interface Life {
  readonly denials: DenialRecorder;
  /** Does something again and again until it is time to end, with pauses of about so many milliseconds. */
  every(millis: number, act: () => unknown): Promise<void>;
}

/** Runs a service until SIGTERM or SIGINT, with a spool in the folder of its first argument: an outage loses nothing. */
export async function live(
  serviceName: string,
  body: (life: Life) => Promise<void>,
): Promise<void> {
  const [spool] = process.argv.slice(2);
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      ending.abort();
    });
  }
  // The process that started this one is gone, and no other would end it.
  process.once("disconnect", () => {
    ending.abort();
  });
  await using otel = startTelemetry({
    serviceName,
    ...(spool === undefined ? {} : { spool }),
  });
  await using denials = createDenialRecorder();
  process.send?.("ready");
  await body({
    denials,
    async every(millis, act) {
      while (!ending.signal.aborted) {
        try {
          await act();
        } catch {
          // A refusal, or whatever else a guest ends with: telemetry has it.
        }
        const pause = millis * (0.5 + Math.random());
        await sleep(pause, undefined, { signal: ending.signal }).catch(() => {});
      }
    },
  });
  await otel.flush();
  // While the channel is open it keeps this process and its parent up.
  if (process.connected) process.disconnect();
}
