/**
 * Work that many callers may ask for and that is done once for all that wait: one run at a time, and one more for those that asked
 * since it began, so that each gets a result that began after its question.
 */
export class SharedCollection<Result> {
  readonly #collect: () => Promise<Result>;
  #running: Promise<Result> | undefined;
  #next: Promise<Result> | undefined;

  constructor(collect: () => Promise<Result>) {
    this.#collect = collect;
  }

  /** Rejects as the run does. */
  async get(): Promise<Result> {
    if (this.#running === undefined) return await this.#run();
    this.#next ??= this.#running
      .catch(() => {})
      .then(async () => {
        this.#next = undefined;
        return await this.#run();
      });
    return await this.#next;
  }

  async #run(): Promise<Result> {
    const running = this.#collect().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return await running;
  }
}
