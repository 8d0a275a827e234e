import type { World } from "./world.ts";

/** How a guarded operation may end. `failing`: granted, and then the operation itself fails. */
export const OUTCOMES = ["allow", "deny", "malformed", "failing"] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Mode = "sync" | "async";

/** Why an operation can never end so: a sentence, for the reader. */
export interface Impossible {
  readonly impossible: string;
}

/** One operation as a guest would use it: an expression for each mode and outcome. */
export interface Specimen {
  readonly outcomes: Readonly<
    Record<Outcome, Readonly<Partial<Record<Mode, string>>> | Impossible>
  >;
  /** How many requests it takes where all are allowed, if it is more than one. */
  readonly requests?: number;
  /** Puts the world back as the programs need it; runs before each of them. */
  readonly prepare?: (world: World) => void;
}

/** What each file of `specimens/` exports, one for the capability that it is named after. */
export interface SpecimenFile {
  /** Grants what `allow` and `failing` need; where it is missing from the policy, the same is denied. */
  readonly rule: (world: World) => object;
  /** Guest code that runs once, with every capability granted. */
  readonly setup?: (world: World) => string;
  /** How many requests of the capability itself that code makes; none unless it is told. */
  readonly setupRequests?: number;
  readonly specimens: (world: World) => Readonly<Record<string, Specimen>>;
}
