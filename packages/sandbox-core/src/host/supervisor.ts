import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { platform } from "node:os";

import {
  type Capability,
  denialEvent,
  type DenialEvent,
  type DenialSink,
  parsePolicy,
  type Policy,
  PolicyAuthError,
  type Verdict,
} from "@pyisolate/policy";

import { BROKERED_BUILTINS, canonicalModule } from "../module-name.ts";
import { cellName } from "./cell-name.ts";
import { DenialTail, type Stats } from "./denials.ts";
import { CellStartError } from "./errors.ts";
import { Pool } from "./pool.ts";
import { Reaper } from "./reaper.ts";
import { type Lookup, lookupBySystem } from "./resolve.ts";
import { safeSink } from "./safe-sink.ts";
import { type Home, Sandbox, type SpawnOptions } from "./sandbox.ts";
import { ControlToken } from "./token.ts";
import { Watch } from "./watch.ts";

/** Most denials of all cells together that `denialEvents()` keeps. */
const SUPERVISOR_TAIL = 1024;

/** The cell's name in denials of control operations: no guest's. */
const CONTROL_CELL = "supervisor";

export interface SupervisorOptions {
  /** What guests may do; a policy, or what `parsePolicy` takes. */
  readonly policy: unknown;
  /** Where denials go, besides `denialEvents()`. */
  readonly denials?: DenialSink;
  /** Needed to reload the policy. Without one the policy can never change. */
  readonly token?: string;
  /**
   * The second layer. `off` is the only one that this version has: `prefer` runs cells without it and says `unavailable`,
   * `require` refuses to start.
   */
  readonly kernel?: "off" | "prefer" | "require";
  /** Ready processes that wait for a `spawn`; each takes about 50 MiB, most of it shared. Default 2. */
  readonly pool?: number;
  /** Modules for guests, by name: source text, ES or CommonJS. Each load is a request that the policy decides. */
  readonly modules?: Readonly<Record<string, string>>;
  /** PEM certificates that guests' `fetch` trusts beside the built-in ones. */
  readonly ca?: string;
  /**
   * The host's own resolver, for services that have one. Its answers are checked like the system's, which is the default
   * (`/etc/hosts`, then DNS): a name's grant reaches no loopback or private address.
   */
  readonly lookup?: Lookup;
}

/** Runs guests, each in a cell of its own, under one policy. */
export class Supervisor {
  readonly #token: ControlToken;
  readonly #kernel: "off" | "prefer";
  readonly #tail = new DenialTail(SUPERVISOR_TAIL);
  readonly #sink: DenialSink;
  readonly #home: Home;
  readonly #reaper = new Reaper();
  readonly #pool: Pool;
  readonly #ca: string | null;
  readonly #cells = new Set<Sandbox>();
  #policy: Policy;
  #closing: Promise<void> | undefined;

  /**
   * @throws InvalidPolicyError where the policy does not load.
   * @throws CellStartError where this host cannot run cells, or cannot confine them and must.
   */
  constructor(options: SupervisorOptions) {
    if (platform() !== "linux")
      throw new CellStartError(`Cells need Linux (/proc); this is ${platform()}`);
    if (options.kernel === "require") {
      throw new CellStartError(
        'kernel: "require" cannot be met: this version has no confined cells; use "off" or "prefer"',
      );
    }
    this.#policy = parsePolicy(options.policy);
    this.#token = new ControlToken(options.token);
    this.#kernel = options.kernel ?? "off";
    this.#sink = safeSink(options.denials, {
      record: (event) => this.#tail.add(event),
      allowed: () => this.#tail.allow(),
    });
    this.#sink.policyLoaded?.(this.#policy);
    const modules = new Map([
      ["node:path", pathSource()],
      ...suppliedModules(options.modules ?? {}),
    ]);
    this.#home = {
      authority: {
        policy: () => this.#policy,
        sink: this.#sink,
        kernelVerdict: (capability) => this.#kernelVerdict(capability),
        modules,
        lookup: options.lookup ?? lookupBySystem,
      },
      watch: new Watch(),
      onEnd: (sandbox) => this.#cells.delete(sandbox),
    };
    this.#ca = options.ca ?? null;
    this.#reaper.watch();
    this.#pool = new Pool(poolSize(options.pool), this.#start(), this.#reaper.mark);
    this.#pool.fill();
  }

  /** The policy in force. */
  get policy(): Policy {
    return this.#policy;
  }

  /**
   * Starts a cell. The name is the tenant's, or whatever an operator knows the guest by; it is in every denial.
   *
   * @throws TypeError where the name is none: 1 to 128 characters, as every record has them. There a line break or another
   * character that could hide or reorder text is written out (`\u{a}`), and a backslash twice.
   * @throws CellStartError where the process does not start, or the supervisor is closed.
   */
  async spawn(name: string, options: SpawnOptions = {}): Promise<Sandbox> {
    // Before a process is taken that would have to be given back.
    cellName(name);
    const process = await this.#pool.take();
    if (this.#closing !== undefined) {
      process.kill();
      throw new CellStartError("The supervisor was closed while the cell started");
    }
    const sandbox = new Sandbox(name, process, this.#home, options);
    this.#cells.add(sandbox);
    return sandbox;
  }

  /**
   * Puts another policy in force, for the next operation of every live cell.
   *
   * @throws PolicyAuthError for a wrong token, which is recorded as a denial of `control`.
   * @throws InvalidPolicyError where the policy does not load; the old one stays.
   */
  // oxlint-disable-next-line typescript/require-await -- whatever is wrong rejects, and is not thrown
  async reloadPolicy(policy: unknown, token: string): Promise<void> {
    if (!this.#token.matches(token)) {
      const event = denialEvent({
        cell: CONTROL_CELL,
        capability: "control",
        operation: "reload_policy",
        policyRule: "control.token",
        reason: "auth",
        brokerDecision: "deny",
        policyName: this.#policy.name,
        policyHash: this.#policy.hash,
      });
      this.#sink.record(event);
      throw new PolicyAuthError(event);
    }
    this.#policy = parsePolicy(policy);
    this.#sink.policyLoaded?.(this.#policy);
    this.#pool.restart(this.#start());
  }

  /** The newest denials of all cells, newest last, at most 1024; `stats` has the exact totals. */
  denialEvents(): readonly DenialEvent[] {
    return this.#tail.events();
  }

  get stats(): Stats {
    return this.#tail.stats;
  }

  /** Ends every cell. Resolves when no process is left. Idempotent. */
  async close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.all([
        this.#pool.close(),
        ...[...this.#cells].map(async (cell) => await cell.close()),
      ]);
      await this.#reaper.close();
    })();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** `off` leaves a layer unasked that could have been there; `prefer` wanted one that this version does not have. */
  #kernelVerdict(capability: Capability): Verdict {
    return this.#kernel === "off" || capability === "random" ? "not_evaluated" : "unavailable";
  }

  #start(): { memoryMib: number; ca: string | null } {
    return { memoryMib: this.#policy.limits.memoryMib, ca: this.#ca };
  }
}

function poolSize(size: number | undefined): number {
  if (size === undefined) return 2;
  if (Number.isInteger(size) && size >= 0 && size <= 1000) return size;
  throw new TypeError("pool must be a whole number from 0 to 1000");
}

/** Sources by the name that a request for them has: `os` and `node:os` are one module. */
function suppliedModules(modules: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(modules).map(([given, source]) => {
    const name = canonicalModule(given);
    if (BROKERED_BUILTINS.includes(name))
      throw new TypeError(
        `the module "${given}" cannot be supplied: cells have a brokered ${name}`,
      );
    if (typeof source !== "string")
      throw new TypeError(`the module "${given}" must be source text`);
    return [name, source];
  });
}

/** `node:path` has no authority, so its published port is given to guests as it is. */
function pathSource(): string {
  return readFileSync(createRequire(import.meta.url).resolve("path-browserify"), "utf8");
}
