import type { Capability, DenialEvent } from "@pyisolate/policy";

/** Exact totals of a cell or a supervisor since its start. */
export interface Stats {
  readonly denials: number;
  readonly allowed: number;
  readonly byCapability: Readonly<Partial<Record<Capability, number>>>;
  readonly byReason: Readonly<Record<string, number>>;
  readonly byRule: Readonly<Record<string, number>>;
}

/** The newest denials, and exact totals of all of them. */
export class DenialLog {
  readonly #capacity: number;
  readonly #ring: DenialEvent[] = [];
  #next = 0;
  #denials = 0;
  #allowed = 0;
  readonly #byCapability = new Map<Capability, number>();
  readonly #byReason = new Map<string, number>();
  readonly #byRule = new Map<string, number>();

  /** @param capacity Most events that are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(event: DenialEvent): void {
    this.#denials += 1;
    this.#ring[this.#next] = event;
    this.#next = (this.#next + 1) % this.#capacity;
    increment(this.#byCapability, event.capability);
    increment(this.#byReason, event.reason);
    increment(this.#byRule, event.policyRule);
  }

  allow(): void {
    this.#allowed += 1;
  }

  get denials(): number {
    return this.#denials;
  }

  /** Newest last. */
  events(): readonly DenialEvent[] {
    return this.#ring.length < this.#capacity
      ? [...this.#ring]
      : [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }

  find(id: string): DenialEvent | undefined {
    return this.#ring.findLast((event) => event.id === id);
  }

  get stats(): Stats {
    return {
      denials: this.#denials,
      allowed: this.#allowed,
      byCapability: Object.fromEntries(this.#byCapability),
      byReason: Object.fromEntries(this.#byReason),
      byRule: Object.fromEntries(this.#byRule),
    };
  }
}

function increment<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
