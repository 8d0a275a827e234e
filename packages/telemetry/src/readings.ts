import { worstState, type Health } from "./health.ts";

/** What the gauges of one recorder show. */
export interface Reading {
  /** Denial events of whose record it is not yet known what became. */
  readonly pending: number;
  readonly state: Health["state"];
}

const byProvider = new WeakMap<object, Set<() => Reading>>();

/**
 * Adds a recorder to those whose readings one provider's gauges show: a gauge has one value, whoever observes it last.
 *
 * @returns takes it away again.
 */
export function addReading(provider: object, read: () => Reading): () => void {
  const all = byProvider.get(provider) ?? new Set();
  byProvider.set(provider, all);
  all.add(read);
  return () => {
    all.delete(read);
  };
}

/** All that is pending, and the worst state, of the recorders on this provider. */
export function readingOf(provider: object): Reading {
  const all = [...(byProvider.get(provider) ?? [])].map((read) => read());
  return {
    pending: all.reduce((sum, { pending }) => sum + pending, 0),
    state: worstState(all.map(({ state }) => state)),
  };
}
