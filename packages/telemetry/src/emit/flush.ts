import type { LedgerCounts } from "../ledger/ledger.ts";
import type { MeterBinding } from "../metrics/meter-binding.ts";
import type { LinkedRecorder } from "../provider-link.ts";
import { withTimeout } from "../with-timeout.ts";
import type { Drain } from "./drain.ts";
import type { LoggerBinding } from "./logger-binding.ts";

/** The last counts are waited for this long even if the records have used up all the time, milliseconds. */
const LAST_COUNTS = 1000;

/** How long a closed cell waits, in a flush, until it is known whether its records were delivered, milliseconds. */
const SETTLING = 2000;

const KEEP_ALIVE = { keepAlive: true };

/** What holds denials and closed cells that have no record yet. */
type Flushable = Pick<LinkedRecorder, "flush" | "flushClosedCells">;

/**
 * The order in which everything goes out, of one recorder or of all before the SDK ends:
 *
 * 1. every denial makes its record,
 * 2. these are delivered,
 * 3. every closed cell makes its record, whose ledger says what became of the former,
 * 4. if there were any, these are delivered too.
 */
export async function flushInOrder(
  recorders: readonly Flushable[],
  deliver: () => Promise<unknown>,
): Promise<void> {
  await Promise.all(recorders.map(async (recorder) => await recorder.flush()));
  await deliver();
  const emitted = await Promise.all(
    recorders.map(async (recorder) => await recorder.flushClosedCells()),
  );
  if (emitted.includes(true)) await deliver();
}

/** Flushes and ends one recorder, in the order of {@link flushInOrder}. */
export class Flush {
  readonly #drain: Drain;
  readonly #log: LoggerBinding;
  readonly #meter: MeterBinding;
  readonly #total: LedgerCounts;
  #whenSettled: () => void = () => {};

  constructor(drain: Drain, log: LoggerBinding, meter: MeterBinding, total: LedgerCounts) {
    this.#drain = drain;
    this.#log = log;
    this.#meter = meter;
    this.#total = total;
  }

  /** To be called when records have arrived or are lost: a flush may wait for the last of them. */
  settled(): void {
    if (this.#total.pending === 0) this.#whenSettled();
  }

  /** Has every denial make its record, waiting no longer than `timeout` milliseconds. */
  async records(timeout: number): Promise<void> {
    await withTimeout(this.#drain.finish(), timeout, KEEP_ALIVE);
    this.#meter.flush();
  }

  /** Has everything go out, waiting no longer than `timeout` milliseconds for it. */
  async everything(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    const flush = async () => {
      await this.records(timeout);
    };
    const flushClosedCells = async () => await this.#closedCells(deadline);
    await flushInOrder([{ flush, flushClosedCells }], async () => {
      await this.#flushProviders(deadline, 1);
    });
  }

  /** As {@link everything}, for the last time: what is left then is dropped, and the last record says so. */
  async end(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    await this.records(timeout);
    if (this.#drain.hasClosedCells) {
      await this.#flushProviders(deadline, 1);
      await this.#closedCells(deadline);
    }
    this.#drain.end();
    this.#meter.flush();
    await this.#flushProviders(deadline, LAST_COUNTS);
  }

  /** @returns whether there was a closed cell. */
  async #closedCells(deadline: number): Promise<boolean> {
    if (!this.#drain.hasClosedCells) return false;
    await this.#settling(deadline);
    const left = Math.max(deadline - performance.now(), 1);
    await withTimeout(this.#drain.finishClosedCells(), left, KEEP_ALIVE);
    return true;
  }

  async #flushProviders(deadline: number, least: number): Promise<void> {
    const wait = { timeout: Math.max(deadline - performance.now(), least), ...KEEP_ALIVE };
    await Promise.all([this.#log.forceFlush(wait), this.#meter.forceFlush(wait)]);
  }

  // Waits for receipts: with a spool, the provider's flush has put the records on disk and delivered none.
  async #settling(deadline: number): Promise<void> {
    if (this.#total.pending === 0 || this.#log.exporter?.state.failing !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#whenSettled = () => {
      resolve(undefined);
    };
    await withTimeout(promise, Math.min(deadline - performance.now(), SETTLING), KEEP_ALIVE);
  }
}
