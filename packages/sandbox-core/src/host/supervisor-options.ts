import type { DenialSink, PolicyInput } from "@pyisolate/policy";
import {
  flag,
  functionOf,
  isRecord,
  isThenable,
  mustBe,
  mustHold,
  nonEmptyText,
  oneOf,
  type OptionChecks,
  readOptions,
  whole,
  withMethods,
} from "@pyisolate/policy/options";

import { certificates } from "./certificates.ts";
import type { Lookup } from "./names/lookup-queue.ts";
import type { SpawnOptions } from "./sandbox.ts";
import { suppliedModules } from "./modules/supplied-modules.ts";
import type { Tools } from "./tools/tool.ts";
import { type ToolSet, toolSet } from "./tools/tool-set.ts";
import { systemLookup } from "./names/resolv-conf-lookup.ts";

const KERNEL_MODES = ["off", "prefer", "require"] as const;

export interface SupervisorOptions {
  /** What guests may do: a policy, or any input of `parsePolicy`. */
  readonly policy: PolicyInput;
  /**
   * A policy that decides each request beside the one in force, without effect. Where they differ, `denials` receives an event with
   * `enforced: false`; `shadowTotals` counts them. `promoteShadow` puts it in force.
   */
  readonly shadow?: PolicyInput;
  /** Receives every denial, besides `denialEvents()`. */
  readonly denials?: DenialSink;
  /** The secret that `reloadPolicy` asks for. Without one, the policy can never change. */
  readonly token?: string;
  /**
   * The second layer: Linux itself confines each cell to what the policy grants. `prefer` (default) confines cells as far as this
   * host can; a process warning names once what is missing, and records say `unavailable` for it. `require` makes the constructor
   * throw if anything is missing. `off` leaves enforcement to the broker alone.
   */
  readonly kernel?: (typeof KERNEL_MODES)[number];
  /** The user under which confined cells run, by number. Only a privileged host can choose one. If left out, cells run as the host does. */
  readonly user?: CellUser;
  /** How many processes are kept ready for `spawn`; each takes about 50 MiB, most of it shared. Default 2. */
  readonly pool?: number;
  /** Modules for guests, by name: source text, ES or CommonJS. The policy decides each load. */
  readonly modules?: Readonly<Record<string, string>>;
  /**
   * Functions of the host that guests may call, by name: `{ "crm.lookup": async (args, { cell, signal }) => … }` is
   * `await tools.crm.lookup(args)` in the guest. The policy decides each call, by its rules for `tool`.
   */
  readonly tools?: Tools;
  /** PEM certificates that guests' `fetch` trusts in addition to the built-in ones. */
  readonly ca?: string;
  /**
   * A resolver to use instead of the default, for services that have their own, or whose names come from sources other than
   * `/etc/hosts` and DNS (mDNS, LDAP, the other modules of nsswitch.conf). Its answers are checked like those of the default: a
   * grant for a name reaches no loopback or private address. `dns.promises.lookup` is the system's resolver; it holds threads
   * that the whole service shares, for as long as a name's server is silent.
   */
  readonly lookup?: Lookup;
  /**
   * Whether the message of a refusal tells the guest in words why, besides the reason: that no rule grants the operation, say, or that
   * a rule denies. The words are fixed ones, the same for every policy and target: they name no rule, path or host. Default false.
   */
  readonly explainRefusals?: boolean;
}

export interface ReloadOptions {
  /** The name of the live cells whose policy is replaced. Left out: the supervisor's policy is, for all cells without their own. */
  readonly cell?: string;
}

/** A user and a group of the system, by number. Cells cannot be told to run as root. */
export interface CellUser {
  readonly uid: number;
  readonly gid: number;
}

/** The options with their defaults; each was read once. The policy is still unparsed. */
export interface SupervisorSettings {
  readonly policy: unknown;
  readonly shadow: unknown;
  readonly denials: DenialSink | undefined;
  readonly token: string | undefined;
  readonly kernel: (typeof KERNEL_MODES)[number];
  readonly user: CellUser | undefined;
  readonly pool: number;
  readonly modules: ReadonlyMap<string, string>;
  readonly tools: ToolSet;
  readonly ca: string | null;
  readonly lookup: Lookup;
  readonly explainRefusals: boolean;
}

/** @throws TypeError for an unknown option, or a value of the wrong kind; the message says what is accepted. */
export function supervisorSettings(given: unknown): SupervisorSettings {
  const options = readOptions("Supervisor", given, SUPERVISOR);
  return {
    policy: options.policy,
    shadow: options.shadow,
    denials: options.denials,
    token: options.token,
    kernel: options.kernel ?? "prefer",
    user: options.user === undefined ? undefined : { ...options.user },
    pool: options.pool ?? 2,
    modules: suppliedModules(options.modules ?? {}),
    tools: toolSet(options.tools ?? {}),
    ca: options.ca ?? null,
    lookup: options.lookup ?? systemLookup(),
    explainRefusals: options.explainRefusals ?? false,
  };
}

/** @throws TypeError as {@link supervisorSettings}. */
export function spawnOptions(given: unknown): SpawnOptions {
  return readOptions("spawn", given, SPAWN);
}

/**
 * @throws TypeError for a promise of a policy, where `await` is missing. `parsePolicy` checks the policy itself and lists every
 *   mistake.
 */
export function mustBeLoaded(policy: unknown): void {
  mustHold("policy", policy, loaded);
}

const loaded = mustBe(
  "a policy, or an object, YAML or JSON text that is one",
  (value) => !isThenable(value),
);

function isUser(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { uid, gid, ...more } = value as { readonly [key: string]: unknown };
  return (
    Object.keys(more).length === 0 &&
    [uid, gid].every((id) => Number.isInteger(id) && Number(id) >= 1 && Number(id) < 0xffff_ffff)
  );
}

const toolsByName = mustBe("an object of functions, or { handler, schema }, by name", isRecord);

const SUPERVISOR: OptionChecks<SupervisorOptions> = {
  policy: loaded,
  denials: withMethods(
    "a sink, an object",
    ["record"],
    ["allowed", "closed", "policyLoaded", "policyFile"],
  ),
  // Do not show the value: it may be the secret in another form.
  token: (value) =>
    nonEmptyText(value) === undefined
      ? undefined
      : "must be a string that is not empty; leave it out where the policy shall never change",
  kernel: oneOf(KERNEL_MODES),
  user: mustBe("{ uid, gid }, both whole numbers from 1", isUser),
  pool: whole(0, 1000),
  modules: mustBe("an object of source texts by name", isRecord),
  tools: toolsByName,
  ca: certificates,
  lookup: functionOf("a host's name"),
  shadow: loaded,
  explainRefusals: flag,
};

/** @throws TypeError as {@link supervisorSettings}. */
export function reloadOptions(given: unknown): ReloadOptions {
  return readOptions("reloadPolicy", given, RELOAD);
}

const RELOAD: OptionChecks<ReloadOptions> = { cell: nonEmptyText };

const SPAWN: OptionChecks<SpawnOptions> = {
  policy: loaded,
  onConsole: functionOf("a level and a text"),
  tools: toolsByName,
  shadow: loaded,
  explainRefusals: flag,
};
