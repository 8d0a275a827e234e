import { type PolicyError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import type { DenialEvent } from "@pyisolate/policy";

import type { Ground } from "./ground.ts";
import { type Account, prelude, REPORT, SETTLE } from "./programs.ts";

/**
 * One program: a source text, or a call of a function that an earlier one left. Or, in the place of one, the host takes away a
 * grant that no guest uses, until the next guest.
 */
export type Program = string | { readonly call: string } | typeof NARROWER;

export const NARROWER = Symbol("a narrower policy");

const TOKEN = "in-step";

/** Everything that is known of one guest from outside, and what it says itself. */
export interface Life {
  readonly events: readonly DenialEvent[];
  /** Allowed decisions by capability. */
  readonly allowed: ReadonlyMap<string, number>;
  readonly messages: readonly unknown[];
  readonly lines: readonly string[];
  /** How each program ended: its value, or the error. */
  readonly endings: readonly unknown[];
  /** Undefined where the cell ended before it could tell. */
  readonly account: Account | undefined;
  /** The event that ended the cell, where one did. */
  readonly end: DenialEvent | undefined;
  /** Longest time that one program took, milliseconds. */
  readonly longestMs: number;
  /** Whether another cell of the same supervisor still works afterwards. */
  readonly neighbourLives: boolean;
}

/** The package under test: the built one, or a copy of it that was changed. */
export type Package = Pick<typeof import("@pyisolate/sandbox-core"), "Supervisor">;

/** Runs guests one after another on one ground, each in a fresh cell. */
export class Lane implements AsyncDisposable {
  readonly ground: Ground;
  readonly #supervisor: Supervisor;
  #neighbour: Sandbox | undefined;
  readonly #events: DenialEvent[] = [];
  readonly #allowed = new Map<string, number>();
  readonly #limits: object;
  #isNarrower = false;
  #lives = 0;

  /** @param kernel Off unless given: the broker is what is tried here, and the kernel would hide its faults. */
  constructor(
    ground: Ground,
    limits: object = {},
    tested: Package = { Supervisor },
    {
      pool = 1,
      kernel = "off",
    }: { readonly pool?: number; readonly kernel?: "off" | "require" } = {},
  ) {
    this.ground = ground;
    this.#limits = { cpu_ms: 20_000, wall_ms: 20_000, calls: 1_000_000, ...limits };
    this.#supervisor = new tested.Supervisor({
      policy: this.#policy(),
      token: TOKEN,
      denials: {
        record: (event) => void this.#events.push(event),
        allowed: (capability) =>
          void this.#allowed.set(capability, (this.#allowed.get(capability) ?? 0) + 1),
      },
      modules: ground.modules,
      tools: ground.tools,
      pool,
      kernel,
    });
  }

  #policy(): object {
    const rules = this.ground.rules();
    if (!this.#isNarrower) rules.push(this.ground.spare());
    return { version: 1, name: "in-step", rules, limits: this.#limits };
  }

  async #narrow(isNarrower: boolean): Promise<void> {
    if (this.#isNarrower === isNarrower) return;
    this.#isNarrower = isNarrower;
    await this.#supervisor.reloadPolicy(this.#policy(), TOKEN);
  }

  /** A cell that only has to go on working. */
  async #neighbourWorks(): Promise<boolean> {
    this.#neighbour ??= await this.#supervisor.spawn("neighbour");
    return (await ended(this.#neighbour, "6 * 7")) === 42;
  }

  /** Starts what is started once, for all guests. */
  async ready(): Promise<void> {
    if (!(await this.#neighbourWorks())) throw new Error("the neighbour does not work at all");
  }

  /** One fresh cell, in which programs run one after another until it ends. */
  async live(programs: readonly Program[]): Promise<Life> {
    this.ground.clear();
    await this.#narrow(false);
    this.#events.length = 0;
    this.#allowed.clear();
    this.#lives += 1;
    const lines: string[] = [];
    const cell = await this.#supervisor.spawn(`life-${this.#lives}`, {
      onConsole: (_level, line) => void lines.push(line),
    });
    const messages: unknown[] = [];
    const reading = read(cell, messages);
    const endings: unknown[] = [];
    let account: Account | undefined;
    let longestMs = 0;
    try {
      for (const program of [prelude(this.ground), ...programs, SETTLE, REPORT]) {
        const began = performance.now();
        const ending = program === NARROWER ? await this.#narrow(true) : await ended(cell, program);
        longestMs = Math.max(longestMs, performance.now() - began);
        endings.push(ending);
        if (cell.closed) break;
        if (program === REPORT) account = ending as Account;
      }
    } finally {
      await cell.close();
    }
    await reading;
    const last = endings.at(-1);
    let end = account === undefined ? eventOf(last) : undefined;
    // A cell that ends while no program runs tells it to no call.
    if (account === undefined && last === undefined) end = this.#events.at(-1);
    const told = { events: [...this.#events], allowed: new Map(this.#allowed), messages, lines };
    const neighbourLives = await this.#neighbourWorks();
    return { ...told, endings, account, end, longestMs, neighbourLives };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor.close();
  }
}

/** By its looks: a copy of the package has classes of its own. */
function eventOf(error: unknown): DenialEvent | undefined {
  return error instanceof Error && error.name === "PolicyError"
    ? (error as PolicyError).denialEvent
    : undefined;
}

async function read(cell: Sandbox, into: unknown[]): Promise<void> {
  for await (const message of cell.messages()) {
    // Those that only make the cell collect garbage are as long as they are empty.
    if (!Array.isArray(message)) into.push(message);
  }
}

async function ended(cell: Sandbox, program: Exclude<Program, typeof NARROWER>): Promise<unknown> {
  try {
    return await (typeof program === "string" ? cell.exec(program) : cell.call(program.call));
  } catch (error) {
    return error;
  }
}
