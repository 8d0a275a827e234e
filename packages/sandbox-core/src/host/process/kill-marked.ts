import { readdir } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { outsideOfCalls } from "../caller-context.ts";
import { markBuffer, markOf } from "./cell-mark.ts";
import { type ProcStat, procStat, startOf } from "./proc-stat.ts";

/** How long the search goes on if new processes keep coming, or some cannot be killed; milliseconds. */
const DEADLINE_MS = 5000;

/** How long killed processes have to end before the next pass, milliseconds. */
const PAUSE_MS = 5;

/** How many passes in a row must find nothing. One pass may miss processes that are started or end while it runs. */
const EMPTY_PASSES = 2;

/** How many times one pass lists processes, to find those that came since it began. */
const MAX_ROUNDS = 8;

/**
 * How many processes are looked at in parallel. More could take all of libuv's threads, because reading a process's memory may
 * have to wait for that process.
 */
const AT_ONCE = 2;

/** How long one turn of a pass may hold the host's loop, milliseconds. A thousand processes take 10. */
const TURN_MS = 2;

interface Search {
  readonly mark: string;
  readonly startedAt: number;
  emptyPasses: number;
  /** Set once the cell's own process is gone: when the search gives up, and the callback for its end. */
  end: { readonly deadline: number; readonly done: () => void } | undefined;
}

/** Every search in this process, by mark. One pass over /proc serves all of them. */
const searches = new Map<string, Search>();

let isSearching = false;

/** Ids of cells' own processes that are alive, as text. Passes skip them, which makes a pass cheap among many cells. */
const leaders = new Set<string>();

/** Finds and kills the processes that one cell's process started and may leave behind. Made when that process has started. */
export class MarkedProcesses {
  readonly #leader: number;
  readonly #mark: string;
  /** Start time of the cell's process: processes that it left cannot be older. */
  readonly #startedAt: number;
  #arePossible = true;

  /**
   * @param leader The id of the cell's own process, which leads a session; 0 if there is none.
   * @param mark The value of `PYISOLATE_CELL` in its environment.
   */
  constructor(leader: number, mark: string) {
    this.#leader = leader;
    this.#mark = mark;
    this.#startedAt = startOf(leader);
    leaders.add(String(leader));
  }

  /** Says that the kernel lets the cell's process start no other. Nothing can be left of it, so nothing is searched for. */
  cannotBe(): void {
    this.#arePossible = false;
  }

  /**
   * Sends SIGKILL to the cell's own group, and makes a first pass for processes that left the group, while the cell's process
   * ends. From now on nothing in the group can start another process.
   */
  endGroup(): void {
    this.#killGroup();
    if (this.#leader <= 0 || !this.#arePossible) return;
    this.#search();
    lookAgain();
  }

  /**
   * Call when the cell's own process has ended. Kills the rest of its group, and every process whose environment carries its
   * mark, each with its process group. Resolves when none is left, or after 5 s. A process that left the cell's group (`setsid`)
   * is found too; one that also emptied its environment is found only while a process that did not is in its new group.
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

  /** Safe after the leader's end: the kernel does not reuse a group's number while a process is in the group. */
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
  // Run in the context of no call: the passes go on for other cells after this cell's search has ended.
  if (!isSearching) outsideOfCalls(() => void search());
}

/** Before the cell's own process is gone, one empty pass is enough; after it, at least one more pass must begin. */
function isDue({ end, emptyPasses }: Search): boolean {
  return end !== undefined || emptyPasses === 0;
}

async function search(): Promise<void> {
  isSearching = true;
  for (;;) {
    // Copy the searches first: a pass that began before a cell's process ended does not count as one after it.
    const served = [...searches.values()].filter(isDue).map((wanted) => ({ wanted, ...wanted }));
    if (served.length === 0) break;
    let found: ReadonlyMap<string, readonly number[]> = new Map();
    let hindered: string | undefined;
    try {
      found = await pass(served);
    } catch (error) {
      // The host may have no descriptor left. An incomplete pass must not count as one that found nothing.
      hindered = `/proc cannot be read (${String(error)})`;
    }
    for (const { wanted, mark, end } of served) {
      const pids = found.get(mark) ?? [];
      const isEmpty = hindered === undefined && pids.length === 0;
      wanted.emptyPasses = isEmpty ? wanted.emptyPasses + 1 : 0;
      if (end === undefined) continue;
      const isLate = performance.now() > end.deadline;
      if (wanted.emptyPasses < EMPTY_PASSES && !isLate) continue;
      if (!isEmpty) warn(hindered ?? `process ${pids.join(", ")} could not be killed`);
      searches.delete(mark);
      end.done();
    }
    if (found.size > 0 || hindered !== undefined) await sleep(PAUSE_MS);
  }
  isSearching = false;
}

/** Kills the processes that carry one of the marks. Returns their ids by mark. */
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

/** Lists the processes that are not yet in `seen`, and adds them to it. */
async function namesOfProcesses(seen: Set<string>): Promise<readonly string[]> {
  const names = await readdir("/proc");
  return names.filter((name) => {
    if (!/^[0-9]+$/.test(name) || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/**
 * A cell leads a session, and a process can only join groups of its own session. So every process in the group of a marked one
 * descends from the cell. Killing the whole group at once leaves none of them time to start another.
 */
function killWithGroup(pid: number, group: number): void {
  if (group > 1) kill(-group);
  kill(pid);
}

function kill(target: number): void {
  try {
    process.kill(target, "SIGKILL");
  } catch {
    // The process has ended since, or may not be killed; the next pass finds it in that case.
  }
}

function warn(why: string): void {
  process.emitWarning(`a process that a cell started may still run: ${why}`, "PyIsolateWarning");
}
