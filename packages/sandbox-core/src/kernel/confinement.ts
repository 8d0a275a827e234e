import { realpathSync, statSync } from "node:fs";

import type { Capability } from "@pyisolate/policy";

import { CellStartError } from "../host/cell-errors.ts";
import { attest } from "./attest.ts";
import { type HeldPlan } from "./held-plan.ts";
import { launchArguments, narrowingOptions } from "./launch-arguments.ts";
import type { KernelPlan } from "./plan.ts";
import {
  grantsOf,
  libraryFiles,
  loaderCache,
  type ProgramFiles,
  programFiles,
} from "./program-files.ts";
import type { Grant } from "./rights.ts";
import { type KernelClass, type KernelSupport, kernelSupport, type Missing } from "./support.ts";

/**
 * Files that every user may read and few policies grant. In each cell, the kernel must refuse one of them. A small container
 * image has some of them, or none.
 */
const CANARIES = ["/etc/passwd", "/usr/bin/env", "/etc/hostname"];

/** The files by their real paths, as a plan names them: those that are there and that every user may read. */
export function openToAll(files: readonly string[]): string[] {
  return files.flatMap((file) => {
    try {
      const real = realpathSync.native(file);
      const { mode } = statSync(real);
      return (mode & 0o170004) === 0o100004 ? [real] : [];
    } catch {
      return [];
    }
  });
}

/**
 * The part of the kernel layer that governs a capability's operations. The broker alone decides the capabilities that are
 * missing here.
 */
const CLASS_OF: Partial<Record<Capability, KernelClass>> = {
  filesystem: "files",
  network: "tcp",
  subprocess: "system calls",
};

export interface ConfinementOptions {
  /** Paths of the cell's own code, and of the addons that it loads. */
  readonly code: readonly string[];
  readonly addons: readonly string[];
  /** Whether cells have what they need to become narrower while they live. Default: false. */
  readonly canNarrow?: boolean;
  /** How many descriptors, from 0 on, a cell keeps. */
  readonly descriptors: number;
  /** The user that cells run as. Only a privileged host can choose one. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** How one cell is confined. */
export interface Confined {
  readonly confinement: Confinement;
  readonly plan: KernelPlan;
  /** Everything that the kernel grants to the cell: the plan, and what the cell itself needs to run. */
  readonly held: HeldPlan;
}

/** Starts programs so that the kernel confines them. Made once for each supervisor. */
export class Confinement {
  readonly user: ConfinementOptions["user"];
  readonly #launcher: string;
  readonly #support: KernelSupport;
  readonly #own: ProgramFiles;
  readonly #descriptors: number;
  /** Whether a live cell can be made narrower: only Landlock can do that, and the cell needs an addon for it. */
  readonly canNarrow: boolean;

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
    this.canNarrow = options.canNarrow === true && support.abi > 0;
  }

  /**
   * Finds out what this host can confine, and prepares it. Undefined if cells cannot be confined here and do not have to be. A
   * process warning says once what is missing.
   *
   * @throws CellStartError if cells have to be confined and anything is missing.
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

  /** How cells with this plan are confined. */
  confined(plan: KernelPlan): Confined {
    const held = { ...plan, paths: [...plan.paths, ...grantsOf(this.#own)] };
    return { confinement: this, plan, held };
  }

  /** What a cell still needs that runs already, beside a plan. It executes nothing of its own any more. */
  get needed(): readonly Grant[] {
    const { executed, read } = this.#own;
    return grantsOf({ executed: [], read: [...executed, ...read] });
  }

  /** The options that put a plan on top of what a live cell has. Throws RangeError for a plan that is too large. */
  narrowing(plan: KernelPlan): readonly string[] {
    return narrowingOptions(plan, this.needed, this.#support.abi);
  }

  /** The command line that runs a program in Node, confined by a plan. Throws RangeError for a plan that is too large. */
  command(plan: KernelPlan, program: readonly string[]): [string, ...string[]] {
    const args = launchArguments({
      plan,
      own: this.#own,
      abi: this.#support.abi,
      parent: process.pid,
      descriptors: this.#descriptors,
      ...(this.user === undefined ? {} : { user: this.user }),
      canaries: openToAll(CANARIES),
      program: [process.execPath, ...program],
    });
    return [this.#launcher, ...args];
  }

  /** Whether the kernel layer governs a capability's operations on this host. */
  governs(capability: Capability): boolean {
    return CLASS_OF[capability] !== undefined && this.isThereFor(capability);
  }

  /** Whether this host has every part of the layer that a capability needs. If not, the layer's verdict is `unavailable`. */
  isThereFor(capability: Capability): boolean {
    const needed = CLASS_OF[capability];
    return !this.#support.missing.some((one) => one.class === needed);
  }

  /**
   * Reads from the kernel how a process that was started with {@link command} is confined. Returns what is not as it must be;
   * empty if all is.
   */
  attest(pid: number): string[] {
    const { user } = this;
    return attest(pid, { parent: process.pid, ...(user === undefined ? {} : { user }) });
  }
}

function inWords(missing: readonly Missing[]): string {
  return missing.map((one) => `  - ${one.class}: ${one.why}`).join("\n");
}

let warned = "";

/** Warns once about each missing part, however many supervisors the process makes. */
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
