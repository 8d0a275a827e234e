/** How long until a folder that could not be written is tried again, milliseconds. */
const PAUSE = 1000;

/** Whether a write to the spool is worth trying. */
export class WritePause {
  #failedAt = Number.NEGATIVE_INFINITY;
  #fullAt = Number.NEGATIVE_INFINITY;

  /** Whether a write has failed within the last second. */
  get isFailing(): boolean {
    return performance.now() - this.#failedAt < PAUSE;
  }

  /** Whether one has failed, or found no room, within the last second. */
  get isOn(): boolean {
    return this.isFailing || performance.now() - this.#fullAt < PAUSE;
  }

  failed(): void {
    this.#failedAt = performance.now();
  }

  hadNoRoom(): void {
    this.#fullAt = performance.now();
  }

  hasRoom(): void {
    this.#fullAt = Number.NEGATIVE_INFINITY;
  }

  /** Has the next write tried at once. */
  end(): void {
    this.#failedAt = Number.NEGATIVE_INFINITY;
  }
}
