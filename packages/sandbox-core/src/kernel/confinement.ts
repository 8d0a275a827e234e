import type { Capability } from "@pyisolate/policy";

import { CellStartError } from "../host/errors.ts";
import { attest } from "./attest.ts";
import { launchArguments } from "./launch-arguments.ts";
import type { KernelPlan } from "./plan.ts";
import {
  grantsOf,
  libraryFiles,
  loaderCache,
  type ProgramFiles,
  programFiles,
} from "./program-files.ts";
import { type KernelClass, type KernelSupport, kernelSupport, type Missing } from "./support.ts";

/** Files that anyone may read, and that few policies grant: one of them must be refused in each cell. */
const CANARIES = ["/etc/passwd", "/usr/bin/env", "/etc/hostname"];

/** What of the kernel's layer answers for a capability's operations. The others are the broker's alone. */
const CLASS_OF: Partial<Record<Capability, KernelClass>> = {
  filesystem: "files",
  network: "tcp",
  subprocess: "system calls",
};

export interface ConfinementOptions {
  /** The cell's own code, and the addons that it loads. */
  readonly code: readonly string[];
  readonly addons: readonly string[];
  /** How many descriptors, from 0 on, a cell keeps. */
  readonly descriptors: number;
  /** As whom cells run; only a privileged host can choose. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** How one cell is confined. */
export interface Confined {
  readonly confinement: Confinement;
  readonly plan: KernelPlan;
  /** All that its kernel grants: the plan, and what the cell itself needs to run. */
  readonly held: KernelPlan;
}

/** How this host starts programs so that the kernel confines them. Made once for a supervisor. */
export class Confinement {
  readonly user: ConfinementOptions["user"];
  readonly #launcher: string;
  readonly #support: KernelSupport;
  readonly #own: ProgramFiles;
  readonly #descriptors: number;

  private constructor(launcher: string, support: KernelSupport, options: ConfinementOptions) {
    const cache = loaderCache();
    const node = programFiles(process.execPath, cache);
    const addons = options.addons.flatMap((addon) => libraryFiles(addon, cache));
    this.user = options.user;
    this.#launcher = launcher;
    this.#support = support;
    this.#own = {
      executed: node.executed,
      read: [...new Set([...node.read, ...addons, ...options.code])],
    };
    this.#descriptors = options.descriptors;
  }

  /**
   * Looks at this host and gets ready. Undefined where cells cannot be confined here and need not be; what is missing is said once, as
   * a process warning.
   *
   * @throws CellStartError where they must be, and anything is missing.
   */
  static prepare(
    wanted: "prefer" | "require",
    options: ConfinementOptions,
    support: KernelSupport = kernelSupport(),
  ): Confinement | undefined {
    if (support.missing.length > 0) {
      const missing = inWords(support.missing);
      if (wanted === "require")
        throw new CellStartError(`kernel: "require" cannot be met on this host:\n${missing}`);
      warnOnce(support.launcher === null, missing);
    }
    return support.launcher === null
      ? undefined
      : new Confinement(support.launcher, support, options);
  }

  /** How the cells of a plan are confined. */
  confined(plan: KernelPlan): Confined {
    const held = { ...plan, paths: [...plan.paths, ...grantsOf(this.#own)] };
    return { confinement: this, plan, held };
  }

  /** The command line that runs a program of Node's, confined by a plan. Throws RangeError for a plan that is too large. */
  command(plan: KernelPlan, program: readonly string[]): [string, ...string[]] {
    const args = launchArguments({
      plan,
      own: this.#own,
      abi: this.#support.abi,
      parent: process.pid,
      descriptors: this.#descriptors,
      ...(this.user === undefined ? {} : { user: this.user }),
      canaries: CANARIES,
      program: [process.execPath, ...program],
    });
    return [this.#launcher, ...args];
  }

  /** Whether the kernel's layer answers for a capability here. */
  governs(capability: Capability): boolean {
    return CLASS_OF[capability] !== undefined && this.isThereFor(capability);
  }

  /** Whether nothing of the layer is missing that could answer for a capability: its verdict is else `unavailable`. */
  isThereFor(capability: Capability): boolean {
    const needed = CLASS_OF[capability];
    return !this.#support.missing.some((one) => one.class === needed);
  }

  /** Reads from the kernel how a process that was started so is confined; what is not as it must be, empty where all is. */
  attest(pid: number): string[] {
    const { user } = this;
    return attest(pid, { parent: process.pid, ...(user === undefined ? {} : { user }) });
  }
}

function inWords(missing: readonly Missing[]): string {
  return missing.map((one) => `  - ${one.class}: ${one.why}`).join("\n");
}

let warned = "";

/** Once for each thing to say, however many supervisors a process makes. */
function warnOnce(isAll: boolean, missing: string): void {
  if (missing === warned) return;
  warned = missing;
  const what = isAll
    ? "cells are not confined by the kernel; the broker alone holds them"
    : "the kernel confines cells in part";
  process.emitWarning(
    `On this host ${what}. Missing:\n${missing}\nSay kernel: "off" where that is meant, "require" where it must not be.`,
    { type: "PyIsolateWarning", code: "PYISOLATE_KERNEL" },
  );
}
