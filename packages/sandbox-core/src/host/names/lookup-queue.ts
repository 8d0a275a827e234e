/** Most look-ups that are under way at a time for the whole host. The system's own resolver holds a socket or two for each. */
const MAX_RUNNING = 64;

/** Most of one cell. With more than half of the host's under way, each cell has one at a time. */
const MAX_RUNNING_OF_CELL = 4;

/** Most answers that one cell waits for: what comes then fails at once. */
const MAX_WAITING = 1024;

/** How long one name may take, milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * The addresses of a host's name, the preferred first. A rejection's `code` (`ENOTFOUND`, `EAI_AGAIN`) is told to the guest.
 *
 * @param options The `signal` is aborted when the answer is not wanted any more: the cell has ended, or 10 s are over. A
 *   look-up that goes on all the same counts to its cell's share, of 4 at a time, until those 10 s are over.
 */
export type Lookup = (
  hostname: string,
  options?: { readonly signal: AbortSignal },
) => Promise<readonly string[]>;

/** What a queue keeps of a cell. */
interface Turns {
  readonly waiting: PromiseWithResolvers<void>[];
  running: number;
}

/** Look-ups of many cells, which take turns: a cell without any under way comes before those that have some. */
export class LookupQueue {
  #running = 0;
  /** Both in the order of their turns. */
  readonly #withNone = new Set<Turns>();
  readonly #withSome = new Set<Turns>();

  /** Resolves when it is the cell's turn; `release` ends it. */
  async turn(cell: Turns): Promise<void> {
    const turn = Promise.withResolvers<void>();
    cell.waiting.push(turn);
    this.#enrol(cell);
    this.#admit();
    await turn.promise;
  }

  release(cell: Turns): void {
    cell.running -= 1;
    this.#running -= 1;
    this.#enrol(cell);
    this.#admit();
  }

  /** Drops all that waits. */
  leave(cell: Turns, why: Error): void {
    for (const turn of cell.waiting.splice(0)) turn.reject(why);
    this.#enrol(cell);
  }

  #admit(): void {
    while (this.#running < MAX_RUNNING) {
      const [first] = this.#withNone;
      const [next] = this.#running < MAX_RUNNING / 2 ? this.#withSome : [];
      const cell = first ?? next;
      const turn = cell?.waiting.shift();
      if (cell === undefined || turn === undefined) return;
      cell.running += 1;
      this.#running += 1;
      // To the end of the line.
      this.#withNone.delete(cell);
      this.#withSome.delete(cell);
      this.#enrol(cell);
      turn.resolve();
    }
  }

  /** Puts a cell into the line in which it belongs; where it is there already, it keeps its turn. */
  #enrol(cell: Turns): void {
    const isWaiting = cell.waiting.length > 0 && cell.running < MAX_RUNNING_OF_CELL;
    for (const [line, isItsOwn] of [
      [this.#withNone, cell.running === 0],
      [this.#withSome, cell.running > 0],
    ] as const) {
      if (isWaiting && isItsOwn) line.add(cell);
      else line.delete(cell);
    }
  }
}

/** One for the host: supervisors share what the system has. */
const hostQueue = new LookupQueue();

/** The look-ups of one cell; its end is theirs. */
export class CellLookups {
  readonly #lookup: Lookup;
  readonly #queue: LookupQueue;
  readonly #turns: Turns = { waiting: [], running: 0 };
  readonly #underWay = new Set<AbortController>();
  /** By name: who asks for one that is being looked up gets the same answer. */
  readonly #shared = new Map<string, Promise<readonly string[]>>();
  #waiting = 0;
  #hasEnded = false;

  constructor(lookup: Lookup, queue: LookupQueue = hostQueue) {
    this.#lookup = lookup;
    this.#queue = queue;
  }

  /**
   * Rejects as the look-up does; with the code `ETIMEOUT` after 10 s, with `EAI_AGAIN` where the cell waits for 1024 answers,
   * and with `ECANCELLED` at once when the cell ends.
   */
  async find(hostname: string): Promise<readonly string[]> {
    if (this.#hasEnded) throw cancelled();
    if (this.#waiting >= MAX_WAITING)
      throw failure("EAI_AGAIN", `the cell waits for ${MAX_WAITING} answers`);
    this.#waiting += 1;
    const answer = this.#shared.get(hostname) ?? this.#look(hostname);
    this.#shared.set(hostname, answer);
    try {
      return await answer;
    } finally {
      this.#waiting -= 1;
      if (this.#shared.get(hostname) === answer) this.#shared.delete(hostname);
    }
  }

  async #look(hostname: string): Promise<readonly string[]> {
    await this.#queue.turn(this.#turns);
    if (this.#hasEnded) {
      this.#queue.release(this.#turns);
      throw cancelled();
    }
    const control = new AbortController();
    this.#underWay.add(control);
    const late = Promise.withResolvers<void>();
    // The caller that awaits the answer holds the host open, and a cell may not.
    const timer = setTimeout(() => {
      control.abort(failure("ETIMEOUT", `no answer within ${TIMEOUT_MS} ms`));
      late.resolve();
    }, TIMEOUT_MS).unref();
    const answer = (async () => await this.#lookup(hostname, { signal: control.signal }))();
    // Its place is free when it has ended, not when it is told to.
    void Promise.race([answer.catch(() => undefined), late.promise]).then(() => {
      clearTimeout(timer);
      this.#underWay.delete(control);
      this.#queue.release(this.#turns);
    });
    return await Promise.race([answer, aborted(control.signal)]);
  }

  /** Nothing waits any more, and what is under way is told to end. Idempotent. */
  end(): void {
    this.#hasEnded = true;
    this.#queue.leave(this.#turns, cancelled());
    for (const control of this.#underWay) control.abort(cancelled());
  }
}

/** An error with a code, as Node's own of `dns` have. */
export function failure(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

async function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  return await promise;
}

function cancelled(): Error {
  return failure("ECANCELLED", "the cell has ended");
}
