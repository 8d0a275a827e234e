/** Most timers that a guest may have waiting. Each holds memory outside the guest's heap, which the memory limit does not bound. */
const MAX_TIMERS = 1000;

/** The guest's timers. Each fires on the account of the call that set it. */
export class Timers<Owner> {
  readonly #fire: (id: number, owner: Owner) => void;
  readonly #waiting = new Map<number, NodeJS.Timeout>();

  constructor(fire: (id: number, owner: Owner) => void) {
    this.#fire = fire;
  }

  /** Returns false if the guest has too many timers. */
  set(id: number, milliseconds: number, owner: Owner): boolean {
    if (this.#waiting.size >= MAX_TIMERS) return false;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      this.#fire(id, owner);
    }, milliseconds);
    this.#waiting.set(id, timer);
    return true;
  }

  clear(id: number): void {
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
  }
}
