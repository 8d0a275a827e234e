import { setTimeout as sleep } from "node:timers/promises";

import { startCollector, type Collector, type CollectorOptions } from "@pyisolate/stack";

import { say } from "../demo/screen.ts";

/** How often the Collector is gone, and how long, milliseconds. */
const EVERY = 120_000;
const LONG = 20_000;

/**
 * Kills a Collector now and then, and starts another in its place. Returns when it is time to end, with the one that runs
 * then: nobody else knows of it.
 */
export async function outages(
  first: Collector,
  options: CollectorOptions,
  ending: AbortSignal,
): Promise<Collector> {
  let collector = first;
  const pause = async (millis: number) => {
    await sleep(millis, undefined, { signal: ending }).catch(() => {});
  };
  for (;;) {
    await pause(EVERY);
    if (ending.aborted) return collector;
    say(`  ${clock()}  the Collector is killed; records wait in the services' spools`);
    await collector.kill();
    await pause(LONG);
    // Also when it is time to end: services flush into it.
    collector = await startCollector({ ...options, ports: first.ports });
    say(`  ${clock()}  the Collector is back`);
  }
}

function clock(): string {
  return new Date().toLocaleTimeString("en-GB");
}
