import { readdir } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { outsideOfCalls } from "../caller-context.ts";
import { markBuffer, markOf } from "./cell-mark.ts";
import { type ProcStat, procStat, startOf } from "./proc-stat.ts";

/** How long it is looked again for processes that come while others are killed, or that cannot be killed; milliseconds. */
const DEADLINE_MS = 5000;

/** How long killed processes have until it is looked again, milliseconds. */
const PAUSE_MS = 5;

/** How many passes in a row must find nothing: a process that came, and one that went, while a pass was made may be missed by it. */
const EMPTY_PASSES = 2;

/** How often one pass looks for processes that came since it began. */
const MAX_ROUNDS = 8;

/** How many processes are looked at beside each other: more could take all of libuv's threads, which may have to wait for them. */
const AT_ONCE = 2;

/** How long the host's loop is held by one turn of a pass, milliseconds: a thousand processes take 10. */
const TURN_MS = 2;

interface Search {
  readonly mark: string;
  readonly startedAt: number;
  emptyPasses: number;
  /** Once the cell's own process is gone: until when it is looked for what it left, and who is told when nothing is left. */
  end: { readonly deadline: number; readonly done: () => void } | undefined;
}

/** By mark, all that is looked for in this host: one pass over /proc serves everybody who waits. */
const searches = new Map<string, Search>();

let isSearching = false;

/** The ids of cells' own processes that live, as /proc has them: no other cell left those. It makes a pass among many cells cheap. */
const leaders = new Set<string>();

/** What one cell's process starts, and may leave behind. Made when the process has started. */
export class MarkedProcesses {
  readonly #leader: number;
  readonly #mark: string;
  /** What the cell left cannot be older. */
  readonly #startedAt: number;
  #arePossible = true;

  /**
   * @param leader The id of the cell's own process, which leads a session; 0 where there is none.
   * @param mark The value of `PYISOLATE_CELL` in its environment.
   */
  constructor(leader: number, mark: string) {
    this.#leader = leader;
    this.#mark = mark;
    this.#startedAt = startOf(leader);
    leaders.add(String(leader));
  }

  /** The kernel lets the cell's process start no other: nothing is left of it when it ends, and nothing is looked for. */
  cannotBe(): void {
    this.#arePossible = false;
  }

  /**
   * SIGKILL to the cell's own group, and a first look for what has left it, while the process itself ends: from now on nothing
   * in the group can start another.
   */
  endGroup(): void {
    this.#killGroup();
    if (this.#leader <= 0 || !this.#arePossible) return;
    this.#search();
    lookAgain();
  }

  /**
   * To be called when the cell's own process has ended. Kills what is left in its group, and every process whose environment
   * carries its mark, each with its process group; resolves when none is left, or after 5 s. A process that left the cell's
   * group (`setsid`) is found all the same; one that also emptied its environment is found only as long as it shares its new
   * group with one that did not.
   */
  async kill(): Promise<void> {
    leaders.delete(String(this.#leader));
    this.#killGroup();
    if (!this.#arePossible) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#search().end = { deadline: performance.now() + DEADLINE_MS, done: resolve };
    lookAgain();
    await promise;
  }

  /** Its number is given to no other group as long as one process is in it. */
  #killGroup(): void {
    if (this.#leader > 0) kill(-this.#leader);
  }

  #search(): Search {
    let search = searches.get(this.#mark);
    if (search === undefined) {
      search = { mark: this.#mark, startedAt: this.#startedAt, emptyPasses: 0, end: undefined };
      searches.set(this.#mark, search);
    }
    return search;
  }
}

function lookAgain(): void {
  // No call's: the passes go on for others when this cell's search is over.
  if (!isSearching) outsideOfCalls(() => void search());
}

/** One empty pass is enough before the cell's own process is gone; the last of them begins after. */
function isDue({ end, emptyPasses }: Search): boolean {
  return end !== undefined || emptyPasses === 0;
}

async function search(): Promise<void> {
  isSearching = true;
  for (;;) {
    // Half a pass is none for a cell that ends while it is made.
    const served = [...searches.values()].filter(isDue).map((wanted) => ({ wanted, ...wanted }));
    if (served.length === 0) break;
    let found: ReadonlyMap<string, readonly number[]> = new Map();
    let hindered: string | undefined;
    try {
      found = await pass(served);
    } catch (error) {
      // No descriptor is left, say. That nothing was found is then no news.
      hindered = `/proc cannot be read (${String(error)})`;
    }
    for (const { wanted, mark, end } of served) {
      const pids = found.get(mark) ?? [];
      const isEmpty = hindered === undefined && pids.length === 0;
      wanted.emptyPasses = isEmpty ? wanted.emptyPasses + 1 : 0;
      if (end === undefined) continue;
      const isLate = performance.now() > end.deadline;
      if (wanted.emptyPasses < EMPTY_PASSES && !isLate) continue;
      if (!isEmpty) warn(hindered ?? `process ${pids.join(", ")} cannot be ended`);
      searches.delete(mark);
      end.done();
    }
    if (found.size > 0 || hindered !== undefined) await sleep(PAUSE_MS);
  }
  isSearching = false;
}

/** Kills what carries one of the marks; tells what that was. */
async function pass(
  served: readonly Pick<Search, "mark" | "startedAt">[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, number[]>(served.map(({ mark }) => [mark, []]));
  const since = Math.min(...served.map(({ startedAt }) => startedAt));
  const seen = new Set<string>();
  const buffers = Array.from({ length: AT_ONCE }, markBuffer);
  let turn = performance.now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const fresh = await namesOfProcesses(seen);
    if (fresh.length === 0) break;
    const young: { readonly name: string; readonly stat: ProcStat }[] = [];
    for (const name of fresh) {
      if (leaders.has(name)) continue;
      if (performance.now() - turn > TURN_MS) {
        await nextTurn();
        turn = performance.now();
      }
      const stat = procStat(name);
      if (stat !== undefined && stat.startedAt >= since) young.push({ name, stat });
    }
    const look = async (buffer: Buffer): Promise<void> => {
      for (let next = young.shift(); next !== undefined; next = young.shift()) {
        const { name, stat } = next;
        const mark = await markOf(name, found, buffer);
        if (mark === undefined || procStat(name)?.startedAt !== stat.startedAt) continue;
        found.get(mark)?.push(Number(name));
        killWithGroup(Number(name), stat.group);
      }
    };
    await Promise.all(buffers.map(look));
  }
  for (const [mark, pids] of found) if (pids.length === 0) found.delete(mark);
  return found;
}

/** Of all processes those that are not yet in `seen`, which they are then. */
async function namesOfProcesses(seen: Set<string>): Promise<readonly string[]> {
  const names = await readdir("/proc");
  return names.filter((name) => {
    if (!/^[0-9]+$/.test(name) || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/**
 * A cell leads a session of its own, and a process can only join groups of its session: all in the group of a marked process
 * descend from the cell. Killed as a group, none of them gets to start another first.
 */
function killWithGroup(pid: number, group: number): void {
  if (group > 1) kill(-group);
  kill(pid);
}

function kill(target: number): void {
  try {
    process.kill(target, "SIGKILL");
  } catch {
    // It has ended since; or it may not be killed, and will be found again.
  }
}

function warn(why: string): void {
  process.emitWarning(`something that a cell started may go on: ${why}`, "PyIsolateWarning");
}
