import { outsideOfCalls } from "./caller-context.ts";

/**
 * How long all cells together may keep the host's loop in one turn, milliseconds. One frame is taken to its end, and the most
 * that one may cost is 30 ms (`clone-bounds.ts`), so that a turn takes at most 50 ms.
 */
const TURN_MS = 10;

/** Time that is spent before it matters when the turn ends, milliseconds: one request in an idle host needs no more work. */
const UNCOUNTED_MS = 1;

/** Most frames of one channel before another has its turn. */
const FRAMES_AT_ONCE = 64;

/** A channel that has frames to be taken. */
export interface Source {
  /** Takes one frame. False where there is none, or none may be taken now: it says so again when there is. */
  takeOne(): boolean;
}

/** Shares the host's loop among the channels of all cells, in turns: however much a cell sends, timers and others go on. */
class LoopShare {
  readonly #waiting: Source[] = [];
  readonly #isWaiting = new Set<Source>();
  #spentMs = 0;
  #isScheduled = false;

  /** Takes what may be taken in this turn at once, and the rest in turns to come. False where something is left for those. */
  offer(source: Source): boolean {
    if (this.#isWaiting.has(source)) return false;
    const isServed = this.#waiting.length === 0 && this.#serve(source);
    if (!isServed) this.#wait(source);
    if (!isServed || this.#spentMs > UNCOUNTED_MS) this.#schedule();
    return isServed;
  }

  /** True where the source has no more for now. */
  #serve(source: Source): boolean {
    const begun = performance.now();
    let now = begun;
    let taken = 0;
    let isEmpty = false;
    while (taken < FRAMES_AT_ONCE && this.#spentMs + now - begun < TURN_MS) {
      isEmpty = !source.takeOne();
      now = performance.now();
      if (isEmpty) break;
      taken += 1;
    }
    this.#spentMs += now - begun;
    return isEmpty;
  }

  #wait(source: Source): void {
    this.#waiting.push(source);
    this.#isWaiting.add(source);
  }

  /** Also where nothing waits: what was spent in one turn does not count in the next. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    outsideOfCalls(() => setImmediate(() => this.#turn()));
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#spentMs = 0;
    for (let left = this.#waiting.length; left > 0 && this.#spentMs < TURN_MS; left--) {
      const source = this.#waiting.shift();
      if (source === undefined) break;
      this.#isWaiting.delete(source);
      if (!this.#serve(source)) this.#wait(source);
    }
    if (this.#waiting.length > 0) this.#schedule();
  }
}

/** There is one loop, so there is one share of it, whatever supervisors there are. */
export const loopShare = new LoopShare();
