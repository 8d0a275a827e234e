import { platform } from "node:os";

import {
  denialEvent,
  type DenialEvent,
  type DenialSink,
  parsePolicy,
  type Policy,
  PolicyAuthError,
  type PolicyInput,
} from "@pyisolate/policy";

import { type KernelPlan, kernelPlan } from "../kernel/plan.ts";
import { cellName } from "./cell-name.ts";
import { DenialLog, type Stats } from "./denial-log.ts";
import { CellStartError } from "./errors.ts";
import { KernelLayer } from "./kernel-layer.ts";
import type { Launch } from "./process/launch.ts";
import { Pool } from "./pool.ts";
import { Reaper } from "./process/reaper.ts";
import { safeSink } from "./safe-sink.ts";
import { type SandboxHost, Sandbox, type SpawnOptions } from "./sandbox.ts";
import { ShadowCount, type ShadowTotals } from "./shadow-verdicts.ts";
import {
  mustBeLoaded,
  spawnOptions,
  type SupervisorOptions,
  supervisorSettings,
} from "./supervisor-options.ts";
import { ControlToken } from "./control-token.ts";
import { ProcessSampler } from "./process-sampler.ts";

/** Most denials of all cells together that `denialEvents()` keeps. */
const SUPERVISOR_TAIL = 1024;

/** The cell name in denials of control operations, which no guest asks for. */
const CONTROL_CELL = "supervisor";

/** Runs guests, each in its own cell, under one policy. */
export class Supervisor {
  readonly #token: ControlToken;
  readonly #kernel: KernelLayer;
  readonly #tail = new DenialLog(SUPERVISOR_TAIL);
  readonly #sink: DenialSink;
  readonly #host: SandboxHost;
  readonly #reaper = new Reaper();
  readonly #pool: Pool;
  readonly #ca: string | null;
  readonly #cells = new Set<Sandbox>();
  #policy: Policy;
  #shadow: Policy | undefined;
  readonly #shadowCount = new ShadowCount();
  #closing: Promise<void> | undefined;

  /**
   * @throws TypeError for an unknown option, or a value of the wrong kind; the message says what is accepted.
   * @throws InvalidPolicyError if the policy does not load.
   * @throws CellStartError if this host cannot run cells, or cannot confine them as `kernel: "require"` demands.
   */
  constructor(options: SupervisorOptions) {
    const settings = supervisorSettings(options);
    if (platform() !== "linux")
      throw new CellStartError(`Cells need Linux (/proc); this is ${platform()}`);
    this.#policy = parsePolicy(settings.policy);
    this.#shadow = settings.shadow === undefined ? undefined : parsePolicy(settings.shadow);
    this.#token = new ControlToken(settings.token);
    this.#kernel = new KernelLayer(settings, this.#policy, (all) =>
      this.#pool.restart(this.#launch(), all),
    );
    this.#sink = safeSink(settings.denials, {
      record: (event) => (event.enforced ? this.#tail.add(event) : this.#shadowCount.add(event)),
      allowed: () => this.#tail.allow(),
    });
    this.#sink.policyLoaded?.(this.#policy);
    this.#host = {
      authority: {
        policy: () => this.#policy,
        shadow: () => this.#shadow,
        sink: this.#sink,
        kernelVerdict: (capability) => this.#kernel.verdict(capability),
        modules: settings.modules,
        lookup: settings.lookup,
      },
      plans: this.#kernel,
      watch: new ProcessSampler(),
      onEnd: (sandbox) => this.#cells.delete(sandbox),
    };
    this.#ca = settings.ca;
    this.#reaper.watch();
    this.#pool = new Pool(settings.pool, this.#launch(), this.#reaper.mark);
    this.#pool.fill();
  }

  /** The policy in force. */
  get policy(): Policy {
    return this.#policy;
  }

  /**
   * Starts a cell. Its name, which every denial carries, is the tenant's or any other by which an operator knows the guest.
   *
   * @throws TypeError for a name that is not 1 to 128 characters long as records spell it: there, a line break or another
   *   character that could hide or reorder text becomes `\u{a}` or the like, and a backslash is doubled. Also for an unknown
   *   option, or a value of the wrong kind.
   * @throws CellStartError if the process does not start, or the supervisor is closed.
   */
  async spawn(name: string, options: SpawnOptions = {}): Promise<Sandbox> {
    // Check before a process is taken, which would have to be given back.
    cellName(name);
    const given = spawnOptions(options);
    const own = given.shadow === undefined ? undefined : parsePolicy(given.shadow);
    const process = await this.#pool.take();
    if (this.#closing !== undefined) {
      process.kill();
      throw new CellStartError("The supervisor was closed while the cell started");
    }
    const sandbox = new Sandbox(name, process, this.#hostFor(own), given);
    this.#cells.add(sandbox);
    return sandbox;
  }

  /**
   * Puts another policy in force, from the next operation of every live cell on.
   *
   * @throws PolicyAuthError for a wrong token; recorded as a denial of `control`.
   * @throws TypeError for a promise of a policy: `await` is missing.
   * @throws InvalidPolicyError if the policy does not load; the old one stays in force.
   */
  // oxlint-disable-next-line typescript/require-await -- whatever is wrong rejects, and is not thrown
  async reloadPolicy(policy: PolicyInput, token: string): Promise<void> {
    this.#mustMatch(token);
    mustBeLoaded(policy);
    this.#use(parsePolicy(policy));
  }

  /** The shadow policy of cells that have none of their own; undefined if there is none. */
  get shadow(): Policy | undefined {
    return this.#shadow;
  }

  /**
   * Replaces the shadow policy, or with `undefined` ends it. It decides from the next operation of every live cell on that has no
   * shadow policy of its own.
   *
   * @throws PolicyAuthError, TypeError and InvalidPolicyError as {@link reloadPolicy}; the old one stays.
   */
  // oxlint-disable-next-line typescript/require-await -- whatever is wrong rejects, and is not thrown
  async reloadShadow(policy: PolicyInput | undefined, token: string): Promise<void> {
    this.#mustMatch(token);
    mustBeLoaded(policy);
    this.#shadow = policy === undefined ? undefined : parsePolicy(policy);
  }

  /**
   * Puts the shadow policy in force, as {@link reloadPolicy} does. There is no shadow policy then.
   *
   * @throws PolicyAuthError for a wrong token; recorded as a denial of `control`.
   * @throws Error if there is no shadow policy.
   */
  // oxlint-disable-next-line typescript/require-await -- whatever is wrong rejects, and is not thrown
  async promoteShadow(token: string): Promise<void> {
    this.#mustMatch(token);
    const shadow = this.#shadow;
    if (shadow === undefined) throw new Error("there is no shadow policy to put in force");
    this.#use(shadow);
    this.#shadow = undefined;
  }

  /**
   * The most that the kernel lets a cell do, whatever code runs in it, by the policy in force and the files on the disk now. It
   * describes a cell as it would be confined, even if this host cannot confine one. `printKernelPlan` writes it for people.
   */
  kernelPlan(): KernelPlan {
    return kernelPlan(this.#policy);
  }

  /** The newest denials of all cells, newest last, at most 1024. `stats` has the exact totals. */
  denialEvents(): readonly DenialEvent[] {
    return this.#tail.events();
  }

  get stats(): Stats {
    return this.#tail.stats;
  }

  /** How often shadow policies would have decided otherwise, in all cells since the start. `stats` does not count it. */
  get shadowTotals(): ShadowTotals {
    return this.#shadowCount.totals;
  }

  /** Ends every cell. Resolves when all of their processes are gone. Idempotent. */
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

  #hostFor(shadow: Policy | undefined): SandboxHost {
    if (shadow === undefined) return this.#host;
    return { ...this.#host, authority: { ...this.#host.authority, shadow: () => shadow } };
  }

  /** @throws PolicyAuthError for a wrong token, which is recorded. */
  #mustMatch(token: string): void {
    if (this.#token.matches(token)) return;
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

  #use(policy: Policy): void {
    this.#policy = policy;
    this.#sink.policyLoaded?.(policy);
    this.#kernel.use(policy);
    this.#pool.restart(this.#launch());
  }

  #launch(): Launch {
    const { writable } = this.#kernel;
    return {
      start: {
        memoryMib: this.#policy.limits.memoryMib,
        ca: this.#ca,
        ...(writable === undefined ? {} : { writable }),
      },
      confined: this.#kernel.confined,
    };
  }
}
