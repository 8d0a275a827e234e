import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { median, pairedRatio } from "./measure.ts";
import { memoryOf } from "./memory.ts";
import { type Figure, printMedians } from "./report.ts";
import { Revision } from "./revision.ts";

const POLICY = { version: 1, name: "bench", rules: [] };

/** What one cell took that used nothing of the guest library. */
interface Taken {
  readonly cell: Sandbox;
  /** Milliseconds from the spawn to the result of its first program. */
  readonly startMs: number;
  /** MiB of its own (private) memory after that program. */
  readonly own: number;
}

/**
 * The start and the memory of a cell that uses nothing of the guest library, in this revision against an older one: one cell of each in
 * turn. All stay alive until the end, so that what the kernel shares is shared alike.
 */
export async function cellBeforeAfter(pairs: number, revision: string): Promise<Figure[]> {
  await using other = await Revision.build(revision);
  const { Supervisor: Before } = await other.sandbox();
  // The older revision may not know the kernel layer, which has rows of its own.
  await using beforeHost = new Before({ policy: POLICY, pool: 0, kernel: "off" });
  await using nowHost = new Supervisor({ policy: POLICY, pool: 0, kernel: "off" });
  const hosts = { before: beforeHost, now: nowHost } as const;
  // One of each first, which reads the files from disk.
  for (const host of Object.values(hosts)) await (await taken(host)).cell.close();
  const seen = { before: [] as Taken[], now: [] as Taken[] };
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? (["before", "now"] as const) : (["now", "before"] as const);
    for (const name of order) seen[name].push(await taken(hosts[name]));
  }
  const of = (name: keyof typeof seen, what: "startMs" | "own"): number[] =>
    seen[name].map((cell) => cell[what]);
  // Looked at once more where all are there: the first cells were alone with what is shared by now.
  const shared = {
    before: (await memoryOf(seen.before.map(({ cell }) => cell))).pss / pairs,
    now: (await memoryOf(seen.now.map(({ cell }) => cell))).pss / pairs,
  };
  printMedians(
    "A cell, from its spawn to its first result",
    new Map([
      ["before", median(of("before", "startMs"))],
      ["now", median(of("now", "startMs"))],
    ]),
    "ms",
  );
  printMedians(
    `The memory of a cell after it, ${pairs} of each alive`,
    new Map([
      ["before, own (private)", median(of("before", "own"))],
      ["now, own (private)", median(of("now", "own"))],
      ["before, proportional (PSS), average", shared.before],
      ["now, proportional (PSS), average", shared.now],
    ]),
    "MiB",
  );
  const against = revision.slice(0, 12);
  return [
    {
      what: `start of a cell that uses no library: now / ${against}`,
      value: pairedRatio(of("now", "startMs"), of("before", "startMs")),
      unit: "x",
      target: 1,
    },
    {
      what: `own memory of such a cell: now - ${against}`,
      value: median(of("now", "own")) - median(of("before", "own")),
      unit: "MiB",
      target: 1,
    },
    {
      what: `proportional memory of such a cell: now - ${against}`,
      value: shared.now - shared.before,
      unit: "MiB",
      target: 1,
    },
  ];
}

async function taken(host: Supervisor): Promise<Taken> {
  const start = performance.now();
  const cell = await host.spawn("bench");
  await cell.exec("1 + 1");
  const startMs = performance.now() - start;
  const { own } = await memoryOf([cell]);
  return { cell, startMs, own };
}
