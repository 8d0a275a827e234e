import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import { type DenialEvent, denialEvent } from "@pyisolate/policy";
import { createDenialRecorder, type Ledger } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

/** What the flooded process says of itself, as one line of JSON. */
export interface FloodReport {
  readonly ledger: Ledger;
  readonly quiet: Readonly<
    Record<string, { readonly ids: readonly string[]; readonly ledger: Ledger }>
  >;
  readonly growthMiB: number;
  readonly delayP99Millis: number;
  readonly seconds: number;
}

/** Denials of the noisy cell, and how many of them are refused before the host gets a turn. */
const NOISY = 1_000_000;
const BURST = 512;
const QUIET_CELLS = 9;
const QUIET_DENIALS = 100;

const [endpoint = ""] = process.argv.slice(2);
const otel = startTelemetry({ serviceName: "flood", endpoint });
const denials = createDenialRecorder();
const seqs = new Map<string, number>();

// The same million made and thrown away: what memory grows by from here on is the recorder's, and not V8's young generation.
for (let done = 0; done < NOISY; done += BURST) {
  for (let index = 0; index < BURST; index++) denial("warm-up", index);
  if (done % (BURST * 10) === 0) denials.record(denial("warm-up", done));
  await turn();
}
await otel.flush();

const before = process.memoryUsage.rss();
let most = before;
const delay = monitorEventLoopDelay({ resolution: 1 });
const start = performance.now();
delay.enable();
const ids: Record<string, string[]> = {};
for (let done = 0; done < NOISY; done += BURST) {
  for (let index = done; index < Math.min(done + BURST, NOISY); index++) {
    denials.record(denial("noisy", index));
  }
  const quiet = Math.floor(done / BURST);
  if (quiet < QUIET_CELLS * QUIET_DENIALS) {
    const event = denial(`quiet-${quiet % QUIET_CELLS}`, quiet);
    (ids[event.cell] ??= []).push(event.id);
    denials.record(event);
  }
  most = Math.max(most, process.memoryUsage.rss());
  await turn();
}
await otel.flush();
delay.disable();
const seconds = (performance.now() - start) / 1000;
// What the last flush has left behind.
await sleep(100);
most = Math.max(most, process.memoryUsage.rss());
await denials.shutdown();
const report: FloodReport = {
  ledger: denials.ledger(),
  quiet: Object.fromEntries(
    Object.entries(ids).map(([cell, all]) => [cell, { ids: all, ledger: denials.ledger(cell) }]),
  ),
  growthMiB: (most - before) / 2 ** 20,
  delayP99Millis: delay.percentile(99) / 1e6,
  seconds,
};
await otel.shutdown();
process.stdout.write(`${JSON.stringify(report)}\n`);

function denial(cell: string, index: number): DenialEvent {
  const seq = (seqs.get(cell) ?? 0) + 1;
  seqs.set(cell, seq);
  // A scan: no two targets alike.
  return denialEvent({
    cell,
    seq,
    capability: "filesystem",
    operation: "read",
    target: `/srv/data/tenant/${index}.json`,
    policyRule: "data",
    reason: "explicit_deny",
  });
}
