import type { Answer } from "./bridge.ts";
import type { Values } from "./cloneable-values.ts";

export type PassedValues = ReturnType<typeof passedValues>;

/** Passes messages and the arguments of tools to the cell. Planted by its source text. */
export function passedValues({ plain, mayNotHoldModule }: Values) {
  /** The value that is being passed made plain, until the cell has taken it. */
  let given: unknown;

  type Cross = (isCopied: boolean, value: unknown) => Answer;

  /** Nothing follows the crossing here: cut off after it, the value would be passed twice. */
  function passCopy(value: unknown, cross: Cross): Answer {
    try {
      mayNotHoldModule();
      return cross(true, value);
    } catch {
      // The cell was not entered: the copy is made before, and the cell's own code ends the process rather than throw.
      return "p";
    }
  }

  /**
   * Passes a value as it is: the crossing itself copies it, as structured clone does, with what its getters return. If that fails, or
   * the cell cannot send the copy, the cell takes the value made plain, so that the failure names what cannot leave.
   *
   * @param cross Crosses with the value, or with none; the cell then takes the value.
   */
  function passOn(value: unknown, cross: Cross): Answer {
    const answer = passCopy(value, cross);
    if (answer !== "p") return answer;
    // Set it no earlier: a getter that ran during the copy may have passed a value of its own.
    given = value;
    try {
      return cross(false, undefined);
    } finally {
      given = undefined;
    }
  }

  return { passOn, takePlainGiven: () => ({ value: plain(given) }) };
}
