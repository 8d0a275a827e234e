import type { LossReason } from "./semconv.ts";

/** What became of records after a logger had taken them, as far as it is known. */
export interface FarEndState {
  /** Records known to have arrived. */
  readonly exported: number;
  /** Records known to be lost, by reason. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** Set while they do not get out. `since` is Unix milliseconds. */
  readonly failing: { readonly since: number; readonly why: string } | undefined;
  /** Nothing is exported, as the service's own options say: no reason to call that blind. */
  readonly off: boolean;
}

/** What became of a record in the end. */
export type Fate = "arrived" | LossReason;

/** Whose denials records tell, and who therefore wants to know what became of them. */
export interface Claim {
  /** Called once for each record, alone or with others; must not throw. */
  settle(fate: Fate, records: number, denials: number): void;
}

/** Goes with one record, whatever is made of it on its way. */
export interface Ticket {
  readonly claim: Claim;
  /** Denials that the record stands for. */
  readonly denials: number;
}

/** Whoever knows what becomes of records after a logger has taken them. */
export interface FarEnd {
  readonly state: FarEndState;
  /**
   * Calls `emit`: the record that reaches the exporter meanwhile is the ticket's, and its claim will be told.
   *
   * @returns whether one did.
   * @throws whatever `emit` throws, unless one did.
   */
  track(ticket: Ticket, emit: () => void): boolean;
  /** Resolves when it has so little left to send that more may come. */
  room(): Promise<void>;
}

const farEnds = new WeakMap<object, FarEnd>();

/** Makes known who watches what this provider exports. */
export function watchProvider(provider: object, farEnd: FarEnd): void {
  farEnds.set(provider, farEnd);
}

/** Who watches what this provider exports: nobody, where `startTelemetry` has not made it. */
export function farEndOf(provider: object | undefined): FarEnd | undefined {
  return provider === undefined ? undefined : farEnds.get(provider);
}
