import { once } from "node:events";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import { type DenialEvent, denialEvent } from "@pyisolate/policy";

import { startWay, WARM_UP, type Way, type WayOptions } from "./delivery-ways.ts";

/** What a service is to do. */
export interface Load extends WayOptions {
  readonly way: Way;
  readonly denials: number;
  /** Denials of one turn. */
  readonly burst: number;
  /** Milliseconds between two turns; 0 for none. */
  readonly pause: number;
}

/** What the service reports when it has nothing left to send. */
export interface Report {
  readonly cpuSeconds: number;
  readonly seconds: number;
}

const CELLS = 100;

const load = JSON.parse(process.argv[2] ?? "{}") as Load;
const sending = startWay(load.way, load);
await warmUp();
const events = make("cell", load.denials);
process.stdout.write("ready\n");
await once(process.stdin, "data");

const start = performance.now();
const before = process.cpuUsage();
for (let done = 0; done < events.length; done += load.burst) {
  await sending.send(events.slice(done, done + load.burst));
  if (load.pause === 0) {
    await turn();
  } else {
    await sending.durable();
    // These denials must survive a kill from now on.
    process.stdout.write(`${Math.min(done + load.burst, events.length)}\n`);
    await sleep(load.pause);
  }
}
await sending.handedOver();
const { user, system } = process.cpuUsage(before);
const report: Report = {
  cpuSeconds: (user + system) / 1e6,
  seconds: (performance.now() - start) / 1000,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
// The bench ends this process: what the SDK still waits for does not count any more.

async function warmUp(): Promise<void> {
  const all = make("warm-up", WARM_UP);
  for (let done = 0; done < WARM_UP; done += load.burst) {
    await sending.send(all.slice(done, done + load.burst));
    await turn();
  }
  await sending.handedOver();
}

function make(name: string, count: number): DenialEvent[] {
  return Array.from({ length: count }, (_, index) =>
    denialEvent({
      cell: `${name}-${index % CELLS}`,
      capability: "filesystem",
      operation: "read",
      target: `/srv/data/tenant/${index}.json`,
      policyRule: `rule-${index % 16}`,
      reason: "explicit_deny",
    }),
  );
}
