import fc from "fast-check";
import { afterAll, test } from "vitest";

import { assertInTurn } from "./assert-in-turn.ts";
import { anySentence, anyTurn, spoken, type Sentence } from "./grammar.ts";
import { Ground } from "./ground.ts";
import { faults } from "./judge.ts";
import { Lane, type Program } from "./life.ts";
import { LOAD_LIBRARY } from "./programs.ts";
import { setting } from "./runs.ts";

/** By hand: `PYISOLATE_FUZZ_PROGRAMS=1000000 PYISOLATE_FUZZ_SEED=7 npx -y pnpm@12 test in-step/fuzz`. */
const PROGRAMS = setting("PYISOLATE_FUZZ_PROGRAMS", 10_000);
const SEED = setting("PYISOLATE_FUZZ_SEED", 1);

/** Most programs of one cell: a fresh cell takes as long as fifty of them. */
const OF_A_CELL = 400;
/** Guests that run beside each other: the test machines have two cores. */
const LANES = [0, 1];
/** How long a failing guest is made smaller, milliseconds. */
const SHRINKING = 60_000;

const told = { programs: 0, cells: 0, ended: 0 };
afterAll(() => {
  console.log(
    `${told.programs} guest programs ran in ${told.cells} cells, ${told.ended} of which ended; seed ${SEED}`,
  );
});

const anyLife = fc.record({
  sentences: fc.array(anySentence, { minLength: 1, maxLength: OF_A_CELL, size: "max" }),
  turn: anyTurn,
});

test.concurrent.each(LANES)(
  "no program of a guest has an effect, or is told what was not allowed for that very request (lane %i)",
  async (lane) => {
    await using ground = await Ground.make();
    await using guests = new Lane(ground, { wall_ms: 8000, cpu_ms: 8000 });
    let ran = 0;
    for (let round = 0; ran < PROGRAMS / LANES.length; round++) {
      await assertInTurn(
        anyLife,
        async ({ sentences, turn }) => {
          ran += sentences.length;
          const wrong = await wrongWith(ground, guests, sentences, turn);
          if (wrong.length > 0) throw new Error(wrong.slice(0, 10).join("\n"));
        },
        { seed: SEED + lane * 1_000_003 + round, numRuns: 3, limitMs: SHRINKING },
      );
    }
  },
  PROGRAMS * 40 + 300_000,
);

async function wrongWith(
  ground: Ground,
  guests: Lane,
  sentences: readonly Sentence[],
  turn: readonly Program[],
): Promise<string[]> {
  const half = Math.floor(sentences.length / 2);
  const programs = [
    LOAD_LIBRARY,
    ...sentences.slice(0, half).flatMap(spoken),
    ...turn,
    ...sentences.slice(half).flatMap(spoken),
  ];
  const life = await guests.live(programs);
  told.programs += Math.min(sentences.length, life.endings.length);
  told.cells += 1;
  if (life.end !== undefined) told.ended += 1;
  return faults(ground, life);
}
