import { type DenialEvent, METRICS } from "@pyisolate/telemetry";

import type { Told } from "./telemetry.ts";

/** What was decided, and so what telemetry has to tell. */
export class Decided {
  readonly events: DenialEvent[] = [];
  readonly #cell: string;
  readonly #decisions = new Map<string, number>();

  /** @param allowed requests of the cell before the first step: the imports of the specimens' setup. */
  constructor(cell: string, allowed: number) {
    this.#cell = cell;
    if (allowed > 0) this.#decisions.set("import allow", allowed);
  }

  allow(capability: string, requests: number): void {
    for (let asked = 0; asked < requests; asked++) count(this.#decisions, `${capability} allow`);
  }

  deny(event: DenialEvent): void {
    this.events.push(event);
    count(this.#decisions, `${event.capability} deny`);
  }

  expected(): Required<Told> {
    const rows = new Map<string, number>();
    for (const {
      capability,
      policyRule,
      brokerDecision,
      kernelDecision,
      reason,
      enforced,
    } of this.events) {
      count(
        rows,
        [capability, policyRule, brokerDecision, kernelDecision, reason, enforced].join(" "),
      );
    }
    return {
      records: this.events.map(({ id }) => id),
      counters: {
        [METRICS.denials.name]:
          this.events.length === 0 ? {} : { [this.#cell]: this.events.length },
        [METRICS.denialEvents.name]: Object.fromEntries(rows),
        [METRICS.decisions.name]: Object.fromEntries(this.#decisions),
      },
    };
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
