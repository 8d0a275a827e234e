import { outsideOfCalls } from "../caller-context.ts";

/**
 * How long all cells together may keep the host's loop in one turn, milliseconds. One frame is taken to its end, and the most
 * that one may cost is 30 ms (`clone/ceilings.ts`), so that a turn takes at most 50 ms.
 */
const TURN_MS = 10;

/** Time that is spent before it matters when the turn ends, milliseconds: one request in an idle host needs no more work. */
const UNCOUNTED_MS = 1;

/** Most frames of one channel before another has its turn. */
const FRAMES_AT_ONCE = 64;

/** A channel that has frames to be taken, or a cell whose messages are read. */
export interface Source {
  /** Readers have turns of their own: a flood on the channels does not keep them waiting. */
  readonly isReader: boolean;
  /** Takes one frame, or decodes one message. False where there is none, or none may be taken now: it says so again when there is. */
  takeOne(): boolean;
}

/** Sources that wait for their turn, in its order. */
class Line {
  readonly #waiting: Source[] = [];
  readonly #isWaiting = new Set<Source>();

  get length(): number {
    return this.#waiting.length;
  }

  has(source: Source): boolean {
    return this.#isWaiting.has(source);
  }

  add(source: Source): void {
    this.#waiting.push(source);
    this.#isWaiting.add(source);
  }

  next(): Source | undefined {
    const source = this.#waiting.shift();
    if (source !== undefined) this.#isWaiting.delete(source);
    return source;
  }
}

/**
 * Shares the host's loop among the channels of all cells, and the readers of their messages, in turns: however much a cell
 * sends, timers and others go on.
 */
class LoopShare {
  readonly #channels = new Line();
  readonly #readers = new Line();
  #spentMs = 0;
  #isScheduled = false;
  #isReadersTurn = false;

  /** Takes what may be taken in this turn at once, and the rest in turns to come. False where something is left for those. */
  offer(source: Source): boolean {
    const line = this.#lineOf(source);
    if (line.has(source)) return false;
    const isServed = line.length === 0 && this.#serve(source);
    if (!isServed) line.add(source);
    if (!isServed || this.#spentMs > UNCOUNTED_MS) this.#schedule();
    return isServed;
  }

  /** Takes what there is in turns to come. */
  enlist(source: Source): void {
    const line = this.#lineOf(source);
    if (line.has(source)) return;
    line.add(source);
    this.#schedule();
  }

  #lineOf({ isReader }: Source): Line {
    return isReader ? this.#readers : this.#channels;
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

  /** Also where nothing waits: what was spent in one turn does not count in the next. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    outsideOfCalls(() => setImmediate(() => this.#turn()));
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#spentMs = 0;
    this.#isReadersTurn =
      this.#readers.length > 0 && (this.#channels.length === 0 || !this.#isReadersTurn);
    const line = this.#isReadersTurn ? this.#readers : this.#channels;
    for (let left = line.length; left > 0 && this.#spentMs < TURN_MS; left--) {
      const source = line.next();
      if (source !== undefined && !this.#serve(source)) line.add(source);
    }
    if (this.#channels.length > 0 || this.#readers.length > 0) this.#schedule();
  }
}

/** There is one loop, so there is one share of it, whatever supervisors there are. */
export const loopShare = new LoopShare();
