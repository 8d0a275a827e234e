import type { Effort } from "./effort.ts";
import type { Rest, Rests } from "./rest.ts";
import { type RestSet, RestSets } from "./rest-set.ts";

/** Which texts are targets at all: a small automaton over UTF-16 code units. */
export interface Form {
  /** The state before the first character. */
  readonly start: number;
  /** The state after one more character; -1 if no target begins so. */
  readonly step: (state: number, code: number) => number;
  /** Whether a text that ends here is a target. */
  readonly accepts: (state: number) => boolean;
  /** Longest text, in UTF-16 code units. */
  readonly longest: number;
  /**
   * A character that is none of those that are named. Where a target may have any character, it may have this one, and what may
   * follow another may follow this one.
   */
  readonly anyOther: (named: ReadonlySet<number>) => number;
  /** Characters that mean something to the form, so that another one cannot stand for them. */
  readonly special?: readonly number[];
}

/** About what a state takes, with its place in the list of states and among those seen. */
const BYTES_OF_STATE = 400;
/** About how many steps of other parts it costs to make one. */
const STEPS_OF_STATE = 10;

/** Finds the shortest text that some patterns cover and others do not. */
export class Search {
  readonly #sets: RestSets;
  readonly #form: Form;
  readonly #effort: Effort;

  constructor(rests: Rests, form: Form, effort: Effort) {
    this.#sets = new RestSets(rests, effort);
    this.#form = form;
    this.#effort = effort;
  }

  /**
   * The shortest text of the form that each set of `within` covers and none of `outside`; undefined if there is none. Sets of
   * `outside` that recur in other searches are cheap: what was found out about them is remembered.
   *
   * @throws TooEntangledError if that takes more than is left of the effort.
   */
  shortest(
    within: readonly (readonly Rest[])[],
    outside: readonly (readonly Rest[])[],
  ): string | undefined {
    // Breadth first: texts come by length, so that the first that fits is a shortest one.
    const states: State[] = [];
    try {
      return this.#search(within, outside, states);
    } finally {
      this.#effort.release(states.length * BYTES_OF_STATE);
    }
  }

  #search(
    within: readonly (readonly Rest[])[],
    outside: readonly (readonly Rest[])[],
    states: State[],
  ): string | undefined {
    const form = this.#form;
    const seen = new Seen(this.#sets);
    const enter = (state: State): boolean => {
      if (this.#isHopeless(state) || !seen.isNew(state)) return false;
      states.push(state);
      this.#effort.keep(BYTES_OF_STATE);
      return (
        form.accepts(state.form) &&
        state.within.every(({ nullable }) => nullable) &&
        !state.outside.some(({ nullable }) => nullable)
      );
    };
    const first: State = {
      within: within.map((rests) => this.#sets.of(rests)),
      outside: outside.map((rests) => this.#sets.of(rests)),
      form: form.start,
      code: -1,
      before: undefined,
      length: 0,
    };
    if (enter(first)) return "";
    for (let at = 0; at < states.length; at += 1) {
      const state = states[at] as State;
      if (state.length === form.longest) return undefined;
      for (const code of this.#codes(state)) {
        this.#effort.spend(STEPS_OF_STATE);
        const next = form.step(state.form, code);
        if (next < 0) continue;
        const after: State = {
          within: state.within.map((set) => set.after(code)),
          outside: state.outside.map((set) => set.after(code)),
          form: next,
          code,
          before: state,
          length: state.length + 1,
        };
        if (enter(after)) return textOf(after);
      }
    }
    return undefined;
  }

  /** The characters that lead on from a state: one for each way in which the rests of `within` tell characters apart. */
  #codes({ within, outside }: State): Iterable<number> {
    // Where one set can only go on with certain characters, no other need be tried.
    const narrow = within.find((set) => !set.readsOther);
    const separators = [...this.#sets.separators];
    if (narrow !== undefined) {
      return new Set([...narrow.codes, ...(narrow.readsSeparator ? separators : [])]);
    }
    const named = new Set(within.flatMap((set) => [...set.codes]));
    this.#effort.spend(sum([...within, ...outside].map((set) => set.size)));
    for (const separator of separators) named.add(separator);
    // A character that only `outside` names need not be tried: one that nothing names leads to no more of `outside`.
    const other = this.#form.anyOther(
      new Set([...named, ...outside.flatMap((set) => [...set.codes])]),
    );
    return new Set([other, ...named, ...(this.#form.special ?? [])]);
  }

  /** Whether no text that goes on from here can fit. */
  #isHopeless({ within, outside }: State): boolean {
    return within.some((set) => this.#sets.cover(outside, set));
  }
}

interface State {
  /** For each set of `within`: what is left of its patterns. */
  readonly within: readonly RestSet[];
  readonly outside: readonly RestSet[];
  readonly form: number;
  /** The character that leads here. */
  readonly code: number;
  readonly before: State | undefined;
  readonly length: number;
}

/** Most sets that a new state is compared with. More make fewer states, and each dearer. */
const COMPARED = 8;

/** Remembers the states that a search has entered. */
class Seen {
  readonly #sets: RestSets;
  /** By everything but `outside`. */
  readonly #outsides = new Map<string, Outsides>();

  constructor(sets: RestSets) {
    this.#sets = sets;
  }

  /** Whether a state can lead to anything that no earlier one leads to: one whose `outside` covers no more leads to as much. */
  isNew({ within, outside, form }: State): boolean {
    const key = `${form} ${idsOf(within)}`;
    const id = idsOf(outside);
    const known = this.#outsides.get(key);
    if (known === undefined) {
      this.#outsides.set(key, { ids: new Set([id]), sets: [outside] });
      return true;
    }
    if (known.ids.has(id)) return false;
    if (known.sets.some((earlier) => earlier.every((set) => this.#sets.cover(outside, set)))) {
      return false;
    }
    known.ids.add(id);
    if (known.sets.length < COMPARED) known.sets.push(outside);
    return true;
  }
}

interface Outsides {
  readonly ids: Set<string>;
  readonly sets: (readonly RestSet[])[];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function idsOf(sets: readonly RestSet[]): string {
  return sets.map(({ id }) => id).join(" ");
}

function textOf(state: State): string {
  const codes: number[] = [];
  for (let at: State | undefined = state; at?.before !== undefined; at = at.before) {
    codes.push(at.code);
  }
  return codes
    .toReversed()
    .map((code) => String.fromCharCode(code))
    .join("");
}
