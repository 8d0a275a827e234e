import { setTimeout as sleep } from "node:timers/promises";

import { startCollector, type Collector, type CollectorOptions } from "@pyisolate/stack";

import { say } from "../demo/screen.ts";

/** What part of the time the Collector is gone. */
const GONE = 1 / 6;

/**
 * Kills a Collector now and then, and starts another in its place. Returns when it is time to end, with the one that runs
 * then, which the caller must stop.
 */
export async function outages(
  first: Collector,
  options: CollectorOptions,
  everySeconds: number,
  ending: AbortSignal,
): Promise<Collector> {
  let collector = first;
  const pause = async (seconds: number) => {
    await sleep(seconds * 1000, undefined, { signal: ending }).catch(() => {});
  };
  for (;;) {
    await pause(everySeconds * (1 - GONE));
    if (ending.aborted) return collector;
    say(`  ${clock()}  the Collector is killed; records wait in the services' spools`);
    await collector.kill();
    await pause(everySeconds * GONE);
    // Also when it is time to end: services flush into it.
    collector = await startCollector({ ...options, ports: first.ports });
    say(`  ${clock()}  the Collector is back`);
  }
}

function clock(): string {
  return new Date().toLocaleTimeString("en-GB");
}
