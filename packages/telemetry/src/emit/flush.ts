import type { Drain } from "./drain.ts";
import type { LoggerBinding } from "./logger-binding.ts";
import type { MeterBinding } from "../metrics/meter-binding.ts";
import { withTimeout } from "../with-timeout.ts";

/** The last counts are waited for this long even where records have used up all the time, milliseconds. */
const LAST_COUNTS = 1000;

/** How long at most the end of a cell waits, when all is flushed, for its records to arrive, milliseconds. */
const SETTLING = 2000;

const KEEP_ALIVE = { keepAlive: true };

/** Hands on everything that a recorder holds: the records of denials, then, when those have arrived, of the cells' ends. */
export class Flush {
  readonly #drain: Drain;
  readonly #log: LoggerBinding;
  readonly #meter: MeterBinding;
  readonly #isSettled: () => boolean;
  #whenSettled: () => void = () => {};

  constructor(drain: Drain, log: LoggerBinding, meter: MeterBinding, isSettled: () => boolean) {
    this.#drain = drain;
    this.#log = log;
    this.#meter = meter;
    this.#isSettled = isSettled;
  }

  /** It is known what became of a record. */
  settled(): void {
    if (this.#isSettled()) this.#whenSettled();
  }

  /** Has every denial made a record, within so many milliseconds. */
  async records(timeout: number): Promise<void> {
    await withTimeout(this.#drain.finish(), timeout, KEEP_ALIVE);
    this.#meter.flush();
  }

  /** As {@link records}, and the providers flushed, and the ends of cells told. */
  async everything(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    await this.records(timeout);
    await this.#flushProviders(deadline, 1);
    if (!this.#drain.hasClosedCells) return;
    await this.#ends(deadline);
    await this.#flushProviders(deadline, 1);
  }

  /** As {@link everything}, for the last time; what is left then is dropped, and said to be. */
  async end(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    await this.records(timeout);
    if (this.#drain.hasClosedCells) {
      await this.#flushProviders(deadline, 1);
      await this.#ends(deadline);
    }
    this.#drain.end();
    this.#meter.flush();
    await this.#flushProviders(deadline, LAST_COUNTS);
  }

  async #ends(deadline: number): Promise<void> {
    await this.#settling(deadline);
    const left = Math.max(deadline - performance.now(), 1);
    await withTimeout(this.#drain.finishClosedCells(), left, KEEP_ALIVE);
  }

  async #flushProviders(deadline: number, least: number): Promise<void> {
    const patience = { timeout: Math.max(deadline - performance.now(), least), ...KEEP_ALIVE };
    await Promise.all([this.#log.forceFlush(patience), this.#meter.forceFlush(patience)]);
  }

  // A flush of the provider may have put them on disk only.
  async #settling(deadline: number): Promise<void> {
    if (this.#isSettled() || this.#log.exporter?.state.failing !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#whenSettled = () => {
      resolve(undefined);
    };
    await withTimeout(promise, Math.min(deadline - performance.now(), SETTLING), KEEP_ALIVE);
  }
}
