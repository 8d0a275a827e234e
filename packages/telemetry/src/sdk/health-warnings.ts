import type { Health } from "../health.ts";

/** How often the state is looked at, milliseconds. */
const EVERY = 5000;

/** How long telemetry must be blind or degraded before a warning, milliseconds. */
const MINUTE = 60_000;

/** Warns in the service's own log when telemetry has been blind or degraded for a minute, with the reason, and when that has ended. */
export class HealthWarnings {
  readonly #read: () => Pick<Health, "state" | "why">;
  readonly #say: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** When it was first seen in trouble: a monotonic clock, milliseconds. */
  #since: number | undefined;
  #said = false;

  /** @param read must not throw. */
  constructor(read: () => Pick<Health, "state" | "why">, say: (message: string) => void) {
    this.#read = read;
    this.#say = say;
    this.#timer = setInterval(() => {
      this.#look(performance.now());
    }, EVERY).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(now: number): void {
    const { state, why } = this.#read();
    if (state === "exporting") {
      if (this.#said) this.#say(`telemetry is exporting again, after ${seconds(now, this.#since)}`);
      this.#since = undefined;
      this.#said = false;
      return;
    }
    this.#since ??= now;
    if (this.#said || now - this.#since < MINUTE) return;
    this.#said = true;
    const because = why === undefined ? "" : `: ${why}`;
    this.#say(`telemetry has been blind or degraded for a minute, and is ${state}${because}`);
  }
}

function seconds(now: number, since = now): string {
  return `${Math.round((now - since) / 1000)} s`;
}
