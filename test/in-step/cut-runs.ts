import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inspect, isDeepStrictEqual } from "node:util";

import { leftBy } from "./cut-left.ts";
import { LEFT, type Left } from "./cut-states.ts";
import { WORKLOAD } from "./cut-workload.ts";
import { Ground } from "./ground.ts";
import { type Cut, CutPackage, type CutPoint, guestSeam } from "./instrument.ts";
import { faults } from "./judge.ts";
import { Lane, type Program } from "./life.ts";

/** How often each point is hit by the workload: while the cell starts, and in all. */
export interface Hits {
  readonly starting: number;
  readonly all: number;
}

/** Runs the workload in cells that are cut off, on a ground and with a copy of the package of its own. */
export class CutRuns implements AsyncDisposable {
  readonly points: readonly CutPoint[];
  readonly #pack: CutPackage;
  readonly #ground: Ground;
  readonly #lane: Lane;
  readonly #fired: string;
  /** How the workload's programs end where nothing is cut off. */
  #usual: readonly unknown[] = [];
  /** How many operations they attempt. */
  #usualAttempts = 0;
  /** How long the longest of them takes, milliseconds. */
  #usualMs = 0;

  private constructor(pack: CutPackage, ground: Ground, lane: Lane) {
    this.points = pack.points;
    this.#pack = pack;
    this.#ground = ground;
    this.#lane = lane;
    // On the granted side: a confined cell writes it.
    this.#fired = join(ground.granted, "fired");
  }

  /** @param kernel With "require", what the cell asks the kernel is cut off as well. */
  static async make(kernel: "off" | "require" = "off"): Promise<CutRuns> {
    const ground = await Ground.make();
    const pack = new CutPackage(join(ground.granted, "cut.json"));
    const limits = { cpu_ms: 4000, wall_ms: 4000 };
    const lane = new Lane(ground, limits, await pack.load(), { pool: 0, kernel });
    await lane.ready();
    return new CutRuns(pack, ground, lane);
  }

  /** The workload uncut: which points it comes to. */
  async hits(): Promise<ReadonlyMap<number, Hits>> {
    const starting = await this.#recorded([]);
    const all = await this.#recorded(WORKLOAD);
    const hits = new Map<number, Hits>();
    for (const [point, times] of all)
      hits.set(point, { starting: starting.get(point) ?? 0, all: times });
    return hits;
  }

  async #recorded(programs: readonly Program[]): Promise<Map<number, number>> {
    const record = join(this.#ground.granted, "hits");
    rmSync(record, { force: true });
    this.#pack.set({ record });
    const seam = guestSeam(this.points.length);
    const life = await this.#lane.live([seam, ...programs, "hits"]);
    const wrong = faults(this.#ground, life);
    if (wrong.length > 0) throw new Error(`the workload alone is wrong: ${wrong.join("; ")}`);
    const counts = new Map<number, number>();
    for (const line of readFileSync(record, "utf8").split("\n"))
      if (line !== "") counts.set(Number(line), (counts.get(Number(line)) ?? 0) + 1);
    this.#usual = life.endings.slice(2, 2 + programs.length);
    this.#usualAttempts = life.account?.kinds.length ?? 0;
    this.#usualMs = life.longestMs;
    const guest = life.endings[2 + programs.length] as Uint32Array;
    for (const [point, times] of guest.entries()) if (times > 0) counts.set(point, times);
    return counts;
  }

  /** One fresh cell, cut off. What is wrong with it, and what the cut left. */
  async cut(point: CutPoint, cut: Cut): Promise<{ readonly wrong: string[]; readonly left: Left }> {
    rmSync(this.#fired, { force: true });
    this.#pack.set(point.isGuest ? {} : { cut, fired: this.#fired });
    const seam = point.isGuest ? guestSeam(0, cut) : `globalThis.wasCut = false; undefined`;
    const life = await this.#lane.live([seam, ...WORKLOAD, `globalThis.wasCut === true`]);
    const { wrong, left } = leftBy(this.#ground, life, this.#usualMs);
    // A program that imports a module fails without an attempt of its own, and one that catches the error goes on without it.
    const isShort =
      (life.account?.kinds.length ?? 0) < this.#usualAttempts ||
      this.#usual.some(
        (usual, index) => life.endings[2 + index] instanceof Error && !(usual instanceof Error),
      );
    for (const [index, usual] of this.#usual.entries()) {
      const ending = life.endings[2 + index];
      if (ending !== undefined && !(ending instanceof Error) && !isDeepStrictEqual(ending, usual))
        wrong.push(`program ${index} ended with ${inspect(ending)}, not ${inspect(usual)}`);
    }
    const fired = existsSync(this.#fired) || life.endings.at(-3) === true;
    if (!fired && life.end === undefined) return { wrong, left: LEFT.unreached };
    return { wrong, left: left === LEFT.same && isShort ? LEFT.failed : left };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lane[Symbol.asyncDispose]();
    await this.#ground[Symbol.asyncDispose]();
    this.#pack[Symbol.dispose]();
  }
}
