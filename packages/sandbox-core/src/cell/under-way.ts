/** How many asynchronous operations each call into the cell has under way. */
export class UnderWay {
  readonly #counts = new Map<number, number>();

  begin(call: number): void {
    this.#counts.set(call, (this.#counts.get(call) ?? 0) + 1);
  }

  end(call: number): void {
    const left = (this.#counts.get(call) ?? 1) - 1;
    if (left > 0) this.#counts.set(call, left);
    else this.#counts.delete(call);
  }

  /** Whether the call has any. */
  has(call: number): boolean {
    return this.#counts.has(call);
  }
}
