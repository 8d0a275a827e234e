/** Most lookups under way at a time in the whole host. Each may hold a socket or two. */
const MAX_RUNNING = 64;

/** Most lookups under way for one cell. While more than half of the host's are under way, each cell may have one. */
const MAX_RUNNING_OF_CELL = 4;

/** Most answers that one cell may wait for. A further lookup fails at once. */
const MAX_WAITING = 1024;

/** How long one name may take, milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Looks up the addresses of a host's name; the preferred comes first. The guest is told the `code` of a rejection (`ENOTFOUND`,
 * `EAI_AGAIN`).
 *
 * @param options `signal` aborts when the answer is no longer wanted: the cell has ended, or 10 s have passed. A lookup that goes
 *   on regardless counts to its cell's 4 until those 10 s have passed.
 */
export type Lookup = (
  hostname: string,
  options?: { readonly signal: AbortSignal },
) => Promise<readonly string[]>;

/** What a queue keeps for a cell. */
interface Turns {
  readonly waiting: PromiseWithResolvers<void>[];
  running: number;
}

/** Gives lookups of many cells their turns. A cell without a lookup under way comes before cells that have one. */
export class LookupQueue {
  #running = 0;
  /** Both sets are in the order of the turns. */
  readonly #withNone = new Set<Turns>();
  readonly #withSome = new Set<Turns>();

  /** Resolves when it is the cell's turn. The caller ends the turn with `release`. */
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

  /** Rejects all lookups of a cell that wait for a turn. */
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
      // Put the cell at the end of its line.
      this.#withNone.delete(cell);
      this.#withSome.delete(cell);
      this.#enrol(cell);
      turn.resolve();
    }
  }

  /** Puts a cell into the line where it belongs. A cell that is already in that line keeps its place. */
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

/** One queue for the process, because its supervisors share the system's sockets. */
const hostQueue = new LookupQueue();

/** The lookups of one cell. They end with it. */
export class CellLookups {
  readonly #lookup: Lookup;
  readonly #queue: LookupQueue;
  readonly #turns: Turns = { waiting: [], running: 0 };
  readonly #underWay = new Set<AbortController>();
  /** Lookups under way, by name: a second request for a name waits for the same answer. */
  readonly #shared = new Map<string, Promise<readonly string[]>>();
  #waiting = 0;
  #hasEnded = false;

  constructor(lookup: Lookup, queue: LookupQueue = hostQueue) {
    this.#lookup = lookup;
    this.#queue = queue;
  }

  /**
   * Looks a name up. Rejects as the lookup does; with the code `ETIMEOUT` after 10 s; with `EAI_AGAIN` if the cell already waits
   * for 1024 answers; and with `ECANCELLED` at once when the cell ends.
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
    // Unref the timer: the caller that awaits the answer keeps the host running, and a cell must not.
    const timer = setTimeout(() => {
      control.abort(failure("ETIMEOUT", `no answer within ${TIMEOUT_MS} ms`));
      late.resolve();
    }, TIMEOUT_MS).unref();
    const answer = (async () => await this.#lookup(hostname, { signal: control.signal }))();
    // Free the place when the lookup has really ended, not when it is told to.
    void Promise.race([answer.catch(() => undefined), late.promise]).then(() => {
      clearTimeout(timer);
      this.#underWay.delete(control);
      this.#queue.release(this.#turns);
    });
    return await Promise.race([answer, aborted(control.signal)]);
  }

  /** Rejects every waiting lookup, and aborts those under way. Idempotent. */
  end(): void {
    this.#hasEnded = true;
    this.#queue.leave(this.#turns, cancelled());
    for (const control of this.#underWay) control.abort(cancelled());
  }
}

/** An error with a code, like the errors of `node:dns`. */
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
