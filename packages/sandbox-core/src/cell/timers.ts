/** Most timers that a guest may have waiting: each holds memory outside the guest's own heap. */
const MAX_TIMERS = 1000;

/** The guest's timers: each fires on the account of the call that set it. */
export class Timers<Owner> {
  readonly #fire: (id: number, owner: Owner) => void;
  readonly #waiting = new Map<number, NodeJS.Timeout>();

  constructor(fire: (id: number, owner: Owner) => void) {
    this.#fire = fire;
  }

  /** False where there are too many. */
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
