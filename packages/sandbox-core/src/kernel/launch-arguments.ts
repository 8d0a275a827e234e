import type { KernelPlan } from "./plan.ts";
import { grantsOf, type ProgramFiles } from "./program-files.ts";
import { type Grant, isWithin, RIGHTS } from "./rights.ts";

/** The version of the launcher's arguments that this package writes: `PROTOCOL` of `packages/launcher/src/plan.h`. */
export const LAUNCHER_PROTOCOL = 1;

/** Most text of one plan, UTF-16 code units. With a stack of 8 MiB, the kernel takes 2 MiB of arguments and environment. */
const MAX_TEXT = 1024 * 1024;

/** Most ports that a launcher takes one by one: `MAX_PORTS` of its `plan.h`. */
const MAX_PORTS = 4096;

/**
 * A file about its own process that Node reads. If V8 can read it, it shares its built-in code between processes; if not, it
 * copies some 2 MiB of code into each. The launcher keeps its process id when it becomes the cell, so this path is the cell's own
 * file and no other's.
 */
const OWN_MAPS = "/proc/self/maps";

/** Resource limits of every confined cell, by the numbers of Linux's asm-generic/resource.h. */
const LIMITS = [
  // RLIMIT_CORE: a cell's memory holds its tenant's data, which must not be left on the disk.
  "limit=4:0",
  // RLIMIT_MEMLOCK and RLIMIT_MSGQUEUE: the cell needs neither.
  "limit=8:0",
  "limit=12:0",
] as const;

export interface Launch {
  readonly plan: KernelPlan;
  /** The files that the cell needs to run. */
  readonly own: ProgramFiles;
  /** The Landlock ABI of this host; 0 for none. */
  readonly abi: number;
  /** Id of the parent process; the kernel ends the cell with it. */
  readonly parent: number;
  /** How many descriptors, from 0 on, the cell keeps. */
  readonly descriptors: number;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Files that every user can read. The kernel must refuse the first one that the plan does not grant, before the cell starts. */
  readonly canaries: readonly string[];
  readonly program: readonly string[];
}

/**
 * The launcher's arguments for one cell.
 *
 * @throws RangeError if the plan is larger than the arguments that a process can be started with.
 */
export function launchArguments(launch: Launch): string[] {
  const { plan, own, abi, parent, descriptors, user, canaries, program } = launch;
  const readable = grantsOf(own);
  const canary = canaries.find((file) => !isReadable(file, [...plan.paths, ...readable]));
  const args = [
    String(LAUNCHER_PROTOCOL),
    `abi=${abi}`,
    `parent=${parent}`,
    `fds=${descriptors}`,
    `commands=${plan.commands.length > 0 ? 1 : 0}`,
    ...(user === undefined ? [] : [`user=${user.uid}:${user.gid}`]),
    ...LIMITS,
    ...(canary === undefined || abi === 0 ? [] : [`canary=${canary}`]),
    ...portArguments(plan),
    ...readable.map((grant) => pathArgument("need", grant)),
    pathArgument("try", { path: OWN_MAPS, rights: RIGHTS.read_file }),
    ...plan.paths.map((grant) => pathArgument("path", grant)),
    "--",
    ...program,
  ];
  return bounded(args);
}

/**
 * The options that put a plan on top of what a live cell has. All paths may be missing: the cell looks for them as its own user,
 * and what that user does not reach the cell has no use for.
 *
 * @throws RangeError as {@link launchArguments}.
 */
export function narrowingOptions(
  plan: KernelPlan,
  needed: readonly Grant[],
  abi: number,
): string[] {
  return bounded([
    // The scopes of ABI 6 hold since the cell's start. Before their erratum 2, one more would keep the threads of a process that
    // have it from sending signals to those that do not have it yet.
    `abi=${Math.min(abi, 5)}`,
    ...portArguments(plan),
    ...[...needed, { path: OWN_MAPS, rights: RIGHTS.read_file }].map((grant) =>
      pathArgument("try", grant),
    ),
    ...plan.paths.map((grant) => pathArgument("path", grant)),
  ]);
}

function bounded(args: string[]): string[] {
  const text = args.reduce((sum, arg) => sum + arg.length + 1, 0);
  if (text > MAX_TEXT) {
    throw new RangeError(
      `the policy's paths come to ${text} characters, more than the ${MAX_TEXT} that a confined cell can be started with; name trees ("/srv/data/**") instead of single files`,
    );
  }
  return args;
}

function portArguments({ ports }: KernelPlan): string[] {
  // Grant all ports if they are too many to list.
  return ports === "all" || ports.length > MAX_PORTS
    ? ["connect=*"]
    : ports.map((port) => `connect=${port}`);
}

function pathArgument(kind: "need" | "try" | "path", { path, rights }: Grant): string {
  return `${kind}=${rights.toString(16)}:${path}`;
}

function isReadable(file: string, grants: readonly Grant[]): boolean {
  return grants.some(
    ({ path, rights }) => (rights & RIGHTS.read_file) !== 0 && isWithin(file, path),
  );
}
