import { platform } from "node:os";

import {
  type DenialEvent,
  type DenialSink,
  parsePolicy,
  type Policy,
  policyFor,
  type PolicyInput,
} from "@pyisolate/policy";
import { inWords } from "@pyisolate/policy/options";

import { type KernelPlan, kernelPlan } from "../kernel/plan.ts";
import { cellName } from "./cell-name.ts";
import { CellPolicy, allReloaded } from "./cell-policy.ts";
import { CellStarts } from "./cell-starts.ts";
import { DenialLog, type Stats } from "./denial-log.ts";
import { CellStartError } from "./cell-errors.ts";
import { KernelLayer } from "./kernel-layer.ts";
import { PolicyInForce, type PolicyHooks } from "./policy-in-force.ts";
import { PolicyNotices } from "./policy-notices.ts";
import { admitWatches } from "./policy-file/watched-supervisor.ts";
import { toolSet } from "./tools/tool-set.ts";
import { Reaper } from "./process/reaper.ts";
import { safeSink } from "./safe-sink.ts";
import { Sandbox, type SharedHost, type SpawnOptions } from "./sandbox.ts";
import { ShadowPolicy } from "./shadow-policy.ts";
import { ShadowCount, type ShadowTotals } from "./shadow-verdicts.ts";
import {
  mustBeLoaded,
  type ReloadOptions,
  reloadOptions,
  spawnOptions,
  type SupervisorOptions,
  supervisorSettings,
} from "./supervisor-options.ts";
import { Control } from "./control.ts";
import { ProcessSampler } from "./process-sampler.ts";

/** Most denials of all cells together that `denialEvents()` keeps. */
const SUPERVISOR_TAIL = 1024;

/** Runs guests, each in its own cell, under one policy or under policies of their own. */
export class Supervisor {
  readonly #control: Control;
  readonly #kernel: KernelLayer;
  readonly #tail = new DenialLog(SUPERVISOR_TAIL);
  readonly #sink: DenialSink;
  readonly #host: SharedHost;
  readonly #policyHooks: PolicyHooks;
  readonly #reaper = new Reaper();
  readonly #starts: CellStarts;
  readonly #cells = new Map<Sandbox, CellPolicy>();
  readonly #notices: PolicyNotices;
  readonly #inForce: PolicyInForce;
  readonly #shadow: ShadowPolicy;
  readonly #shadowCount = new ShadowCount();
  readonly #endWatches: () => Promise<void>;
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
    const policy = parsePolicy(settings.policy);
    this.#shadow = new ShadowPolicy(settings.shadow);
    this.#kernel = new KernelLayer(settings);
    this.#policyHooks = {
      confinement: this.#kernel.confinement,
      onRenewed: (planned, all) => this.#starts.renewed(planned, all),
    };
    this.#inForce = new PolicyInForce(policy, this.#policyHooks);
    this.#sink = safeSink(settings.denials, {
      record: (event) => (event.enforced ? this.#tail.add(event) : this.#shadowCount.add(event)),
      allowed: () => this.#tail.allow(),
    });
    this.#control = new Control(settings.token, () => this.policy, this.#sink);
    this.#notices = new PolicyNotices(this.#sink);
    this.#endWatches = admitWatches(this, { control: this.#control, sink: this.#sink });
    this.#host = {
      authority: {
        sink: this.#sink,
        kernelVerdict: (capability) => this.#kernel.verdict(capability),
        modules: settings.modules,
        lookup: settings.lookup,
        explainRefusals: settings.explainRefusals,
      },
      tools: settings.tools,
      watch: new ProcessSampler(),
      onEnd: (sandbox) => this.#onEnd(sandbox),
    };
    this.#notices.tell(policy);
    this.#reaper.watch();
    this.#starts = new CellStarts(this.#inForce, settings, {
      isConfined: this.#kernel.confinement !== undefined,
      mark: this.#reaper.mark,
    });
  }

  /** The policy in force for cells that have none of their own. */
  get policy(): Policy {
    return this.#inForce.policy;
  }

  /**
   * Starts a cell. Its name, which every denial carries, is the tenant's or any other by which an operator knows the guest.
   *
   * @throws TypeError for a name that is not 1 to 128 characters long as records spell it: there, a line break or another
   *   character that could hide or reorder text becomes `\u{a}` or the like, and a backslash is doubled. Also for a name that
   *   cannot stand in the policy's paths for `${cell}`, for an unknown option, or a value of the wrong kind.
   * @throws InvalidPolicyError if the cell's own policy does not load.
   * @throws CellStartError if the process does not start, or the supervisor is closed.
   */
  async spawn(name: string, options: SpawnOptions = {}): Promise<Sandbox> {
    // Check before a process is taken, which would have to be given back.
    cellName(name);
    const given = spawnOptions(options);
    const shadow = this.#shadow.of(name, given.shadow);
    const tools = toolSet(given.tools ?? {}, this.#host.tools);
    const cellPolicy = new CellPolicy(name, this.#inForceFor(given));
    try {
      const process = await this.#starts.take(cellPolicy);
      const authority = { ...this.#host.authority, policy: () => cellPolicy.policy, shadow };
      const sandbox = new Sandbox(
        name,
        process,
        { ...this.#host, authority, plans: cellPolicy, tools },
        given,
      );
      this.#cells.set(sandbox, cellPolicy);
      return sandbox;
    } catch (error) {
      cellPolicy.leave();
      throw error;
    }
  }

  /**
   * Puts another policy in force, from the next operation of every live cell on that has no policy of its own; with `cell`, of
   * the live cells of that name, which then have it as their own.
   *
   * Resolves when the kernel layers of live cells refuse what the policy has taken away, or a second after the policy is in force.
   * Which cells have not done so by then, their `stale` says.
   *
   * @throws PolicyAuthError for a wrong token; recorded as a denial of `control`.
   * @throws TypeError for a promise of a policy: `await` is missing. Also for an unknown option, for a `cell` that is not there,
   *   and if the name of a live cell cannot stand in the policy's paths for `${cell}`; the old one stays in force.
   * @throws InvalidPolicyError if the policy does not load; the old one stays in force.
   */
  async reloadPolicy(
    policy: PolicyInput,
    token: string,
    options: ReloadOptions = {},
  ): Promise<void> {
    this.#control.demand(token);
    mustBeLoaded(policy);
    const { cell } = reloadOptions(options);
    const next = parsePolicy(policy);
    if (cell === undefined) this.#use(next);
    else {
      this.#moveCells(cell, next);
      this.#notices.tell(next);
    }
    await allReloaded(this.#cells.values());
  }

  /** The shadow policy of cells that have none of their own; undefined if there is none. */
  get shadow(): Policy | undefined {
    return this.#shadow.policy;
  }

  /**
   * Replaces the shadow policy, or with `undefined` ends it. It decides from the next operation of every live cell on that has no
   * shadow policy of its own, whether the cell has a policy of its own or not.
   *
   * @throws PolicyAuthError for a wrong token; recorded as a denial of `control`.
   * @throws TypeError for a promise of a policy: `await` is missing.
   * @throws InvalidPolicyError if the policy does not load; the old one stays.
   */
  // oxlint-disable-next-line typescript/require-await -- whatever is wrong rejects, and is not thrown
  async reloadShadow(policy: PolicyInput | undefined, token: string): Promise<void> {
    this.#control.demand(token);
    mustBeLoaded(policy);
    this.#shadow.use(policy);
  }

  /**
   * Puts the shadow policy in force, as {@link reloadPolicy} does without `cell`. There is no shadow policy then.
   *
   * @throws PolicyAuthError for a wrong token; recorded as a denial of `control`.
   * @throws TypeError if the name of a live cell cannot stand in the policy's paths for `${cell}`; all stays as it is.
   * @throws Error if there is no shadow policy.
   */
  async promoteShadow(token: string): Promise<void> {
    this.#control.demand(token);
    const shadow = this.#shadow.policy;
    if (shadow === undefined) throw new Error("there is no shadow policy to put in force");
    this.#use(shadow);
    this.#shadow.use(undefined);
    await allReloaded(this.#cells.values());
  }

  /**
   * The most that the kernel lets a cell do, whatever code runs in it, by the policy in force and the files on the disk now. It
   * describes a cell as it would be confined, even if this host cannot confine one. `printKernelPlan` writes it for people.
   *
   * @param cell The name of a cell without a policy of its own: a policy with `${cell}` in its paths has a plan for each.
   * @throws TypeError for a name that cannot stand in the policy's paths.
   */
  kernelPlan(cell?: string): KernelPlan {
    return kernelPlan(cell === undefined ? this.policy : policyFor(this.policy, cell));
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
        this.#endWatches(),
        this.#starts.close(),
        ...[...this.#cells.keys()].map(async (cell) => await cell.close()),
      ]);
      await this.#reaper.close();
    })();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Puts a policy in force for the cells that have none of their own. */
  #use(policy: Policy): void {
    this.#inForce.use(policy);
    this.#starts.ownPolicyChanged();
    this.#notices.tell(policy);
  }

  #inForceFor({ policy }: SpawnOptions): PolicyInForce {
    if (policy === undefined) return this.#inForce;
    const own = parsePolicy(policy);
    const inForce = new PolicyInForce(own, this.#policyHooks);
    this.#notices.tellOnce(own);
    return inForce;
  }

  /** Puts the cells of one name under a policy of their own, all or none. */
  #moveCells(name: string, policy: Policy): void {
    const cellPolicies = [...this.#cells.values()].filter((cellPolicy) => cellPolicy.name === name);
    if (cellPolicies.length === 0)
      throw new TypeError(`cell must be the name of a live cell, got ${inWords(name)}`);
    const inForce = new PolicyInForce(policy, this.#policyHooks);
    // All have the same name, so either the first `move` throws or none does.
    for (const cellPolicy of cellPolicies) cellPolicy.move(inForce);
  }

  #onEnd(sandbox: Sandbox): void {
    this.#cells.get(sandbox)?.leave();
    this.#cells.delete(sandbox);
  }
}
