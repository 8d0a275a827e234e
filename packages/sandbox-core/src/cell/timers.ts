/** Most timers that a guest may have waiting. Each holds memory outside the guest's heap, which the memory limit does not bound. */
const MAX_TIMERS = 1000;

/** The guest's timers. Each fires on the account of the call that set it. */
export class Timers<Owner> {
  readonly #fire: (id: number, owner: Owner) => void;
  readonly #waiting = new Map<
    number,
    { readonly timer: NodeJS.Timeout | NodeJS.Immediate; readonly owner: Owner }
  >();

  constructor(fire: (id: number, owner: Owner) => void) {
    this.#fire = fire;
  }

  /**
   * Returns false if the guest has too many timers.
   *
   * @param milliseconds Negative for the next turn, before all timers.
   */
  set(id: number, milliseconds: number, owner: Owner): boolean {
    if (this.#waiting.size >= MAX_TIMERS) return false;
    const fire = (): void => {
      this.#waiting.delete(id);
      this.#fire(id, owner);
    };
    const timer = milliseconds < 0 ? setImmediate(fire) : setTimeout(fire, milliseconds);
    this.#waiting.set(id, { timer, owner });
    return true;
  }

  clear(id: number): void {
    const timer = this.#waiting.get(id)?.timer;
    // An immediate and a timeout each have a function of their own, and take no other.
    if (timer !== undefined && "refresh" in timer) clearTimeout(timer);
    else clearImmediate(timer);
    this.#waiting.delete(id);
  }

  /** Clears all that one call set. */
  clearOf(owner: Owner): void {
    for (const [id, waiting] of this.#waiting) if (waiting.owner === owner) this.clear(id);
  }
}
