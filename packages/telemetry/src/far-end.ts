import type { LossReason } from "./semconv.ts";

/** What became of records after a logger had taken them, as far as it is known. */
export interface FarEndState {
  /** Records known to have arrived. */
  readonly exported: number;
  /** Records known to be lost, by reason. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** Set while records do not get out. `since` is Unix milliseconds. */
  readonly failing: { readonly since: number; readonly why: string } | undefined;
}

/** Whoever knows what becomes of records after a logger has taken them. */
export interface FarEnd {
  readonly state: FarEndState;
  /** Hands out each loss once, so that two recorders on one provider do not both count it. */
  claimLost(): ReadonlyMap<LossReason, number>;
}

const farEnds = new WeakMap<object, FarEnd>();

/** Makes known who watches the records of this provider. */
export function watchProvider(provider: object, farEnd: FarEnd): void {
  farEnds.set(provider, farEnd);
}

/** Who watches the records of this provider: nobody, where `startTelemetry` has not made it. */
export function farEndOf(provider: object | undefined): FarEnd | undefined {
  return provider === undefined ? undefined : farEnds.get(provider);
}
