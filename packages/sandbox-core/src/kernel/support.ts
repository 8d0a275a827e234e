import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { arch, platform } from "node:os";

import { LAUNCHER_PROTOCOL } from "./launch-arguments.ts";
import { LAUNCHER_PACKAGE, launcherFile } from "./launcher-package.ts";

/** The parts of the kernel layer. A host has each, or misses it for a reason. */
export type KernelClass =
  /** A launcher that runs on this host. */
  | "launcher"
  /** Which files may be read, written, listed, made, removed and executed. */
  | "files"
  /** Which TCP ports may be connected to. */
  | "tcp"
  /** Signals and abstract sockets do not reach processes outside the cell. */
  | "scopes"
  /** Which system calls may be made at all: other sockets, starting processes, and everything else. */
  | "system calls";

export interface Missing {
  readonly class: KernelClass;
  /** Why the part is missing, and what to do about it. */
  readonly why: string;
}

/** What this host has to confine a cell. */
export interface KernelSupport {
  /** The launcher's path; null if cells cannot be confined at all. */
  readonly launcher: string | null;
  /** The Landlock ABI; 0 for none. */
  readonly abi: number;
  /** Missing parts; empty if everything is there. */
  readonly missing: readonly Missing[];
}

/** The Landlock ABI and kernel with which each part came. `files` is complete since truncation is governed. */
const SINCE = [
  { class: "files", abi: 3, kernel: "6.2" },
  { class: "tcp", abi: 4, kernel: "6.7" },
  { class: "scopes", abi: 6, kernel: "6.12" },
] as const satisfies readonly { class: KernelClass; abi: number; kernel: string }[];

/** Architectures on which the filter's system call numbers have been tested. */
const TESTED: readonly string[] = ["x64"];

/** Finds out what this host has: looks for the launcher, starts it, and asks the kernel through it. Takes some milliseconds. */
export function kernelSupport(): KernelSupport {
  if (platform() !== "linux")
    return without(`this is ${platform()}, and the kernel layer exists on Linux only`);
  if (!TESTED.includes(arch()))
    return without(
      `no launcher has been run on ${arch()} yet; on ${TESTED.join(", ")} cells are confined`,
    );
  const found = findLauncher();
  if ("why" in found) return without(found.why);
  const { stdout, error, status, signal } = spawnSync(found.launcher, ["probe"], {
    encoding: "utf8",
    timeout: 10_000,
    env: {},
  });
  if (error !== undefined || status !== 0) {
    const how = error === undefined ? String(signal ?? `exit ${status}`) : error.message;
    return without(
      `${found.launcher} cannot be started (${how}); it must be executable where it is`,
    );
  }
  return supportOf(found.launcher, stdout);
}

/** Parses what the launcher reports about the kernel. */
export function supportOf(launcher: string, probe: string): KernelSupport {
  const answers = new Map(
    probe
      .trim()
      .split(" ")
      .map((pair) => pair.split("=", 2) as [string, string]),
  );
  const number = (name: string): number => Number(answers.get(name) ?? Number.NaN);
  if (number("protocol") !== LAUNCHER_PROTOCOL) {
    return without(
      `the installed launcher speaks version ${answers.get("protocol") ?? "?"} and not ${LAUNCHER_PROTOCOL}; install @pyisolate/sandbox-core and its launcher in one version`,
    );
  }
  if (number("seccomp") !== 0) {
    return without(
      `seccomp filters cannot be used here (errno ${-number("seccomp")}); a container's own profile may forbid them`,
      "system calls",
    );
  }
  const abi = Math.max(number("landlock"), 0);
  const missing = SINCE.filter((since) => abi < since.abi).map((since) => ({
    class: since.class,
    why: whyNoLandlock(number("landlock"), since),
  }));
  return { launcher, abi, missing };
}

function whyNoLandlock(landlock: number, { abi, kernel }: (typeof SINCE)[number]): string {
  switch (landlock) {
    case -38:
      return "Landlock is not there (ENOSYS): the kernel is older than 5.13 or built without it, or a container's seccomp profile forbids it";
    case -95:
      return "Landlock is there and switched off (EOPNOTSUPP); add landlock to the kernel's lsm= parameter";
    case -1:
      return "Landlock is forbidden here (EPERM); a container's seccomp profile must allow landlock_create_ruleset, landlock_add_rule and landlock_restrict_self";
    default:
      return landlock < 0
        ? `Landlock answers with errno ${-landlock}`
        : `Landlock's ABI is ${landlock}, and this needs ${abi} (Linux ${kernel})`;
  }
}

function without(why: string, missing: KernelClass = "launcher"): KernelSupport {
  return { launcher: null, abi: 0, missing: [{ class: missing, why }] };
}

function findLauncher(): { launcher: string } | { why: string } {
  const name = LAUNCHER_PACKAGE;
  let launcher: string;
  try {
    launcher = launcherFile("pyisolate-launcher");
  } catch {
    return {
      why: `the optional package ${name} is not installed; install without --omit=optional`,
    };
  }
  try {
    accessSync(launcher, constants.X_OK);
    return { launcher };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT"
      ? {
          why: `${name} is installed without its program; build it with: node packages/launcher/scripts/build.ts`,
        }
      : { why: `${launcher} may not be executed (${code ?? String(error)})` };
  }
}
