import { LEFT, type Left } from "./cut-states.ts";
import type { Ground } from "./ground.ts";
import { effects, faults, HUNG } from "./judge.ts";
import type { Life } from "./life.ts";
import { OPERATIONS } from "./operations.ts";
import { State } from "./programs.ts";

/**
 * Longest that a program of a guest that was cut off may take, unless its limit ends it, milliseconds.
 *
 * @param usualMs The longest of the same programs where nothing is cut off, on this machine at this time.
 */
function atOnceMs(usualMs: number): number {
  return Math.min(3000, 1000 + 2 * usualMs);
}

/** What a life that was cut off has become, and what is wrong with it whatever it has become. */
export function leftBy(
  ground: Ground,
  life: Life,
  usualMs: number,
): { readonly wrong: string[]; readonly left: Left } {
  const wrong = faults(ground, life);
  if (wrong.includes(HUNG))
    return { wrong: wrong.filter((fault) => fault !== HUNG), left: LEFT.waited };
  if (life.longestMs > atOnceMs(usualMs))
    wrong.push(`a program took ${Math.round(life.longestMs)} ms`);
  return { wrong, left: stateOf(ground, life) };
}

function stateOf(ground: Ground, life: Life): Left {
  const { account } = life;
  if (account === undefined) return LEFT.ended;
  const came = effects(ground, life);
  let left: Left = LEFT.same;
  for (const [i, kind] of account.kinds.entries()) {
    const state = account.states[i];
    if (state === State.done || state === State.refused) continue;
    const effect = OPERATIONS[kind - 1]?.effect;
    if (effect !== undefined && came[effect].includes(i)) return LEFT.performed;
    left = LEFT.failed;
  }
  return left;
}
