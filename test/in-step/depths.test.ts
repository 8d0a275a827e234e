import fc from "fast-check";
import { expect, test } from "vitest";

import { assertInTurn } from "./assert-in-turn.ts";
import { ENTRIES } from "./grammar.ts";
import { Ground } from "./ground.ts";
import { faults } from "./judge.ts";
import { Lane, type Life } from "./life.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { attempt, END, from, LOAD_LIBRARY, State } from "./programs.ts";
import { setting } from "./runs.ts";

/** Cells for each operation. By hand: `PYISOLATE_FUZZ_DEPTHS=50 npx -y pnpm@12 test in-step/depths`. */
const CELLS = setting("PYISOLATE_FUZZ_DEPTHS", 1);
const SEED = setting("PYISOLATE_FUZZ_SEED", 1);

/** Ways in that one cell tries one after another. */
const OF_A_CELL = 2;

const anyWays = fc.array(
  fc.record({
    entry: fc.constantFrom(...(Object.keys(ENTRIES) as (keyof typeof ENTRIES)[])),
    pad: fc.nat(15),
    every: fc.integer({ min: 150, max: 700 }),
  }),
  { minLength: OF_A_CELL, maxLength: OF_A_CELL },
);

test.concurrent.each(OPERATIONS)(
  "from every depth of the stack: $name is done, refused, or cut off for the guest alone",
  async (row) => {
    await using ground = await Ground.make();
    await using lane = new Lane(ground, { cpu_ms: 10_000, wall_ms: 10_000 });
    await assertInTurn(
      anyWays,
      async (ways) => {
        const programs = ways.flatMap(({ entry, pad, every }) => {
          const near = row.slow === true ? 0 : 450;
          const most = row.slow === true ? 30 : 10_000;
          const depth = { ...END, near, every, pad, most, enough: row.slow === true ? 6 : 60 };
          return ENTRIES[entry](from(depth, attempt(row)));
        });
        const life = await lane.live(
          row.name === "use the library" ? [LOAD_LIBRARY, ...programs] : programs,
        );
        expect([...faults(ground, life), ...halves(row, life)]).toEqual([]);
      },
      { seed: SEED, numRuns: CELLS, limitMs: CELLS * 10_000 + 20_000 },
    );
  },
  CELLS * 20_000 + 60_000,
);

/** Attempts that are neither done, nor refused, nor cut off by a RangeError. */
function halves(row: Operation, { account }: Life): string[] {
  if (account === undefined) return [];
  const found = new Map<string, number>();
  for (const [i, kind] of account.kinds.entries()) {
    if (OPERATIONS[kind - 1] !== row) continue;
    const state = account.states[i];
    if (state === State.done || state === State.refused || state === State.cut) continue;
    const how = state === State.begun ? "was never told of its end" : String(account.values[i]);
    // An error that names what cut it off tells the guest as much.
    if (/Maximum call stack size exceeded|Stack overflow/.test(how)) continue;
    found.set(how, (found.get(how) ?? 0) + 1);
  }
  return [...found].map(([how, times]) => `${row.name} ${times} x ${how}`);
}
