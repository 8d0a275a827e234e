import { readdirSync } from "node:fs";
import path from "node:path";

import { type GuardedOperation, GUEST_SURFACE } from "@pyisolate/sandbox-core";

import {
  type Impossible,
  type Mode,
  type Outcome,
  OUTCOMES,
  type Specimen,
  type SpecimenFile,
} from "./specimen.ts";
import type { World } from "./world.ts";

/** One cell of the matrix: an operation, in one mode, ending in one way. */
export interface Case {
  readonly operation: string;
  readonly capability: string;
  readonly mode: Mode;
  readonly outcome: Outcome;
  /** The guest's expression; undefined where it cannot end so. */
  readonly program: string | undefined;
  readonly impossible: string | undefined;
  /** How many requests are allowed where it is not refused. */
  readonly requests: number;
  readonly prepare: () => void;
}

export type Files = ReadonlyMap<string, SpecimenFile>;

/** A guarded operation of the registry, or the call of a function of the host. */
type Guarded = Omit<GuardedOperation, "capability"> & { readonly capability: string };

/** Every guarded operation. Widened: the tests must not know the rows. */
export const SURFACE: ReadonlyMap<string, Guarded> = new Map<string, Guarded>([
  ...Object.entries(GUEST_SURFACE),
  // Not in the registry: which functions there are is the host's to say.
  ["tools", { capability: "tool", operation: "call", modes: ["async"] }],
]);

/** The files of `specimens/`, by capability. */
export async function specimenFiles(): Promise<Files> {
  const folder = path.join(import.meta.dirname, "..", "specimens");
  const names = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const files = names.map(async (file): Promise<[string, SpecimenFile]> => [
    path.basename(file, ".ts"),
    ((await import(path.join(folder, file))) as { file: SpecimenFile }).file,
  ]);
  return new Map(await Promise.all(files));
}

/** @throws Error for a guard without a specimen, or one that says neither how it ends so nor why it cannot. */
export function casesOf(files: Files, world: World): Case[] {
  return [...SURFACE].flatMap(([operation, { capability, modes }]) => {
    const specimen = files.get(capability)?.specimens(world)[operation];
    if (specimen === undefined) {
      throw new Error(`${operation} has no specimen in test/specimens/${capability}.ts`);
    }
    return modes.flatMap((mode) =>
      OUTCOMES.map((outcome) => caseOf(operation, capability, mode, outcome, specimen, world)),
    );
  });
}

function caseOf(
  operation: string,
  capability: string,
  mode: Mode,
  outcome: Outcome,
  specimen: Specimen,
  world: World,
): Case {
  const told = specimen.outcomes[outcome];
  const program = isImpossible(told) ? undefined : told[mode];
  const impossible = isImpossible(told) ? told.impossible : undefined;
  if (program === undefined && impossible === undefined) {
    throw new Error(
      `the specimen of ${operation} does not say how it ends in "${outcome}", ${mode}`,
    );
  }
  return {
    operation,
    capability,
    mode,
    outcome,
    program,
    impossible,
    requests: outcome === "allow" ? (specimen.requests ?? 1) : 1,
    prepare: () => specimen.prepare?.(world),
  };
}

function isImpossible(told: Specimen["outcomes"][Outcome]): told is Impossible {
  return "impossible" in told;
}
