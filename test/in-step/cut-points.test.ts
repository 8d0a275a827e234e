import { afterAll, expect, test } from "vitest";

import { mayLeave } from "./cut-states.ts";
import { CutRuns, type Hits } from "./cut-runs.ts";
import { type Cut, type CutPoint, THROWN } from "./instrument.ts";
import { setting } from "./runs.ts";

/** How many cuts; 0 is every point that the workload comes to, by hand: `PYISOLATE_FUZZ_CUTS=0 npx -y pnpm@12 test in-step/cut`. */
const CUTS = setting("PYISOLATE_FUZZ_CUTS", 60);
/** A part of a file's or function's name: only points there are cut off. */
const ONLY = process.env["PYISOLATE_FUZZ_ONLY"] ?? "";
const SEED = setting("PYISOLATE_FUZZ_SEED", 1);

/**
 * A call's way into the guest's isolate and out of it, what calls the guest back, what reads lists and bytes, and what keeps a
 * module: cut off there, cells were once left waiting for their limit, or said of a granted request that it was malformed.
 */
const ONCE_LEFT_HALF =
  /isolate\.js GuestIsolate\.enter|guest\/(?:runner|callbacks)\.js |runtime\.js assemble\.counted|answers-and-errors\.js answers\.settle|globals\.js globals\.(?:fire|setTimeout|queueMicrotask|shown)|primordials\.js primordials\.whenSettled|guards\/(?:subprocess\.js argumentList|headers\.js pairsOf)|guest-arguments\.js guestArguments\.bytesOf|modules-stub\.js modulesStub\.commonJs/;

/** What only a confined cell runs: it asks the kernel, and gives up what its policy has taken away. */
const KERNEL = /^cell\/(?:guards\/kernel-(?:probe|refusal)|narrow)\.js$/;

/** With this many cuts or more, the states that each function left are printed, and each fault as soon as it is found. */
const BY_HAND = 500;

/** Function → what its cuts left → how often. */
const left = new Map<string, Map<string, number>>();

/** Two that make cuts beside each other, for the tests of one kind of cell: each cut has a fresh cell. */
const pairs = new Map<Kernel, readonly Promise<CutRuns>[]>();

afterAll(async () => {
  const made = await Promise.allSettled([...pairs.values()].flat());
  for (const one of made) if (one.status === "fulfilled") await one.value[Symbol.asyncDispose]();
});

afterAll(() => {
  if (CUTS !== 0 && CUTS < BY_HAND) return;
  for (const [fn, states] of [...left].toSorted(([a], [b]) => a.localeCompare(b)))
    console.log(`${fn}: ${[...states].map(([state, times]) => `${state} (${times})`).join(", ")}`);
});

test(
  "wherever the cell's code is cut off, nothing is performed without its own verdict",
  async () => await follow(sample),
  CUTS === 0 ? 14_400_000 : CUTS * 6000 + 120_000,
);

test(
  "wherever a confined cell asks the kernel or gives up a grant, a cut leaves nothing performed without its own verdict",
  async () => {
    await follow(
      (points, hits) =>
        sample(
          points.filter(({ file }) => KERNEL.test(file)),
          hits,
          Math.ceil(CUTS / 4),
        ),
      "require",
    );
  },
  CUTS === 0 ? 14_400_000 : CUTS * 6000 + 120_000,
);

test("a call that is cut off on its way in or out ends at once, and makes no request malformed", async () => {
  await follow((points, hits) =>
    points.flatMap(({ id, file, fn }): Cut[] => {
      const { starting = 0, all = 0 } = hits.get(id) ?? {};
      if (!ONCE_LEFT_HALF.test(`${file} ${fn}`) || all <= starting) return [];
      // Several functions pass through the code that waits for a value: the hits tell which.
      const times = fn.endsWith("whenSettled.=>") ? Math.min(12, all - starting) : 1;
      return Array.from({ length: times }, (_, later) => ({
        point: id,
        hit: starting + 1 + later,
        thrown: "range",
        burst: 0,
      }));
    }),
  );
}, 600_000);

type Kernel = "off" | "require";

/** Makes the cuts of a plan, two cells at a time. */
async function follow(
  planned: (points: readonly CutPoint[], hits: ReadonlyMap<number, Hits>) => readonly Cut[],
  kernel: Kernel = "off",
): Promise<void> {
  const pair = pairs.get(kernel) ?? [CutRuns.make(kernel), CutRuns.make(kernel)];
  pairs.set(kernel, pair);
  const [first, second] = (await Promise.all(pair)) as [CutRuns, CutRuns];
  // By each test anew: how long the workload takes here and now is what a cut is measured by.
  const plan = planned(first.points, await first.hits());
  await second.hits();
  const found: string[] = [];
  let next = 0;
  const each = async (runs: CutRuns): Promise<void> => {
    for (let cut = plan[next++]; cut !== undefined; cut = plan[next++])
      found.push(...(await told(runs, cut)));
  };
  await Promise.all([each(first), each(second)]);
  const points = new Set(plan.map(({ point }) => point)).size;
  console.log(`${plan.length} cuts at ${points} of ${first.points.length} points; seed ${SEED}`);
  expect(found, `${found.length} of ${plan.length} cuts; seed ${SEED}`).toEqual([]);
}

/** What is wrong after one cut, in one sentence. The state that the cut left is added to the list. */
async function told(runs: CutRuns, cut: Cut): Promise<string[]> {
  const point = runs.points[cut.point] as CutPoint;
  const { wrong, left: state } = await runs.cut(point, cut);
  const where = `${point.file} ${point.fn}`;
  const states = left.get(where) ?? new Map<string, number>();
  left.set(where, states.set(state, (states.get(state) ?? 0) + 1));
  if (!mayLeave(point, cut.burst).includes(state)) wrong.push(`left as: ${state}`);
  if (wrong.length === 0) return [];
  if (CUTS === 0 || CUTS >= BY_HAND) console.log(where, point.line, cut, wrong);
  const how = `hit ${cut.hit} ${cut.thrown} +${cut.burst}`;
  return [`${where}:${point.line} ${how}: ${wrong.slice(0, 3).join("; ")}`];
}

/** Each point once at its first hit after the start, and once at any; a seeded sample of that in the suite. */
function sample(
  points: readonly CutPoint[],
  hits: ReadonlyMap<number, Hits>,
  cuts = CUTS,
): readonly Cut[] {
  const random = numbers(SEED);
  const kinds = Object.keys(THROWN) as (keyof typeof THROWN)[];
  const plan = points.flatMap(({ id, file, fn, isGuest }): Cut[] => {
    if (!`${file} ${fn}`.includes(ONLY)) return [];
    const { starting = 0, all = 0 } = hits.get(id) ?? {};
    if (all <= starting) return [];
    return [starting + 1, starting + 1 + random(all - starting)].map((hit) => ({
      point: id,
      hit,
      thrown: random(2) === 0 ? "range" : (kinds[random(kinds.length)] ?? "range"),
      // In the planted code handlers call nothing that the stack's end could cut off.
      burst: !isGuest && random(3) === 0 ? 1 + random(6) : 0,
    }));
  });
  if (cuts === 0) return plan;
  return Array.from(
    { length: Math.min(cuts, plan.length) },
    () => plan.splice(random(plan.length), 1)[0] as Cut,
  );
}

/** Whole numbers below a bound, the same for a seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
