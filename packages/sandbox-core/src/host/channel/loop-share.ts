import { outsideOfCalls } from "../caller-context.ts";

/**
 * How long all cells together may hold the host's loop in one turn, milliseconds. A frame that was begun is finished, and one
 * frame takes at most 30 ms (`clone/ceilings.ts` bounds the decoding).
 */
const TURN_MS = 10;

/**
 * A frame longer than this, bytes, is begun only while a turn has spent less than this, milliseconds. A shorter one takes at most 3 ms,
 * so the host's timers wait at most 32 ms for the cells, and for the garbage collector.
 */
const LONG_BYTES = 4096;
const EARLY_MS = 2;

/**
 * Time that may be spent before a turn is scheduled to reset the count, milliseconds. A single request in an idle host then
 * costs no turn.
 */
const UNCOUNTED_MS = 1;

/** Most frames of one channel before another has its turn. */
const FRAMES_AT_ONCE = 64;

/** A channel with frames to take, or the reader of a cell's messages. */
export interface Source {
  /** Whether it reads messages. Readers have turns of their own, so that a flood on the channels does not keep them waiting. */
  readonly isReader: boolean;
  /** Length of what it takes next, bytes. */
  readonly nextBytes: number;
  /**
   * Takes one frame, or decodes one message. Returns false if there is none or none may be taken now; the source then enlists
   * itself again later.
   */
  takeOne(): boolean;
}

/** Sources that wait, in the order of their turns. */
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

  /** Puts a source back whose turn it was, and that must wait. */
  putBack(source: Source): void {
    this.#waiting.unshift(source);
    this.#isWaiting.add(source);
  }

  next(): Source | undefined {
    const source = this.#waiting.shift();
    if (source !== undefined) this.#isWaiting.delete(source);
    return source;
  }
}

/** What a source was served: everything, some, or nothing more in this turn, because it is late for a long frame. */
type Served = "all" | "some" | "late";

/**
 * Shares the host's loop in turns among the channels of all cells and the readers of their messages. However much a cell sends,
 * the host's timers and other work go on.
 */
class LoopShare {
  readonly #channels = new Line();
  readonly #readers = new Line();
  #spentMs = 0;
  #isScheduled = false;
  #isReadersTurn = false;

  /**
   * Takes at once what this turn has time for, and leaves the rest for later turns: all of it if another source waits. Returns
   * false if something is left.
   */
  offer(source: Source): boolean {
    const line = this.#lineOf(source);
    if (line.has(source)) return false;
    const isServed = !this.#isWaitedFor && this.#serve(source) === "all";
    if (!isServed) line.add(source);
    if (!isServed || this.#spentMs > UNCOUNTED_MS) this.#schedule();
    return isServed;
  }

  /** Takes everything in later turns. */
  enlist(source: Source): void {
    const line = this.#lineOf(source);
    if (line.has(source)) return;
    line.add(source);
    this.#schedule();
  }

  get #isWaitedFor(): boolean {
    return this.#channels.length > 0 || this.#readers.length > 0;
  }

  #lineOf({ isReader }: Source): Line {
    return isReader ? this.#readers : this.#channels;
  }

  #serve(source: Source): Served {
    let served: Served = "some";
    for (let taken = 0; taken < FRAMES_AT_ONCE && this.#spentMs < TURN_MS; taken += 1) {
      if (this.#spentMs > EARLY_MS && source.nextBytes > LONG_BYTES) return "late";
      const begun = performance.now();
      if (!source.takeOne()) served = "all";
      this.#spentMs += performance.now() - begun;
      if (served === "all") break;
    }
    return served;
  }

  /** Schedules a turn. Called even if nothing waits, because the turn resets the time that was spent. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    outsideOfCalls(() => setImmediate(() => this.#turn()));
  }

  /**
   * Runs after the loop has read its sockets and before its timers. What was taken at once while it read counts in this turn;
   * otherwise the timers would wait for two turns.
   */
  #turn(): void {
    this.#isScheduled = false;
    if (this.#spentMs < TURN_MS) this.#serveLine();
    this.#spentMs = 0;
    if (this.#isWaitedFor) this.#schedule();
  }

  #serveLine(): void {
    this.#isReadersTurn =
      this.#readers.length > 0 && (this.#channels.length === 0 || !this.#isReadersTurn);
    const line = this.#isReadersTurn ? this.#readers : this.#channels;
    const late: Source[] = [];
    for (let left = line.length; left > 0 && this.#spentMs < TURN_MS; left--) {
      const source = line.next();
      if (source === undefined) break;
      const served = this.#serve(source);
      if (served === "some") line.add(source);
      else if (served === "late") late.unshift(source);
    }
    // Without this, a cell whose frames are long would wait for as long as others send short ones.
    for (const source of late) line.putBack(source);
  }
}

/** One for the process, which has one loop for all of its supervisors. */
export const loopShare = new LoopShare();

/** Does work for a cell that is not a frame: at once if the turn has time for it and no source waits, else in a later one. Either counts it. */
export async function inTurn<T>(work: () => T): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  loopShare.offer({
    isReader: false,
    nextBytes: Infinity,
    takeOne: () => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
      return false;
    },
  });
  return await promise;
}
