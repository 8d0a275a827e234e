import { NO_RANK } from "./rule-rank.ts";

/** The least rank for each port of one host, and for all ports. */
export class PortRanks {
  #every = NO_RANK;
  #byPort: Map<string, number> | undefined;

  /** @param port `*`, or a number without leading zeros. */
  add(port: string, rank: number): void {
    if (port === "*") this.#every = Math.min(this.#every, rank);
    else {
      this.#byPort ??= new Map();
      this.#byPort.set(port, Math.min(this.#byPort.get(port) ?? NO_RANK, rank));
    }
  }

  least(port: string, below: number): number {
    return Math.min(below, this.#every, this.#byPort?.get(port) ?? NO_RANK);
  }
}
