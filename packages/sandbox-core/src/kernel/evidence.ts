import type { KernelEvidence } from "@pyisolate/policy";

import type { KernelProbe, KernelRefusal } from "../frames.ts";
import { hostDisk } from "./disk.ts";
import type { HeldPlan } from "./held-plan.ts";
import { rightsOnPath } from "./rights-on-path.ts";
import { parentOf, type Rights, RIGHTS, RIGHTS_OF_OPERATION } from "./rights.ts";

/** An operation of which it is asked whether the kernel layer refuses it. */
export interface JudgedOperation {
  readonly capability: string;
  readonly operation: string;
  readonly target: string;
}

/** The kernel layer's verdict on an operation, with its evidence. */
export type KernelWord =
  | { readonly verdict: "allow" }
  | { readonly verdict: "deny"; readonly evidence: KernelEvidence };

/** Rights that apply to the entries of a directory; all others apply to a file or directory itself. */
const OF_FILE_ENTRIES: Rights = RIGHTS.make_reg | RIGHTS.remove_file;
const OF_DIRECTORY_ENTRIES: Rights = RIGHTS.make_dir | RIGHTS.remove_dir;
const OF_ENTRIES: Rights = OF_FILE_ENTRIES | OF_DIRECTORY_ENTRIES;

/**
 * The evidence that the kernel layer refused an operation, from what a guard saw and from the plan with which its cell was
 * started. Null without evidence: the plan grants the operation, or what was seen can have other causes.
 */
export function evidenceOf(
  plan: HeldPlan,
  asked: JudgedOperation,
  seen: KernelRefusal,
): KernelEvidence | null {
  if (seen === "filter") return refusesAll(plan, asked) ? "seccomp-errno" : null;
  if (seen === "ended") return isRunning(plan, asked) ? "seccomp-kill" : null;
  switch (asked.capability) {
    case "network":
      // If no port is granted, the cell cannot make a socket, so no connection can have been refused.
      return seen === "hook" && !refusesAll(plan, asked) && !grantsPort(plan, asked.target)
        ? "ruleset+errno"
        : null;
    case "subprocess":
      return seen === "differential" && !grantsCommand(plan, asked.target)
        ? "differential+ruleset"
        : null;
    case "filesystem":
      return ofFile(plan, asked, seen);
    default:
      return null;
  }
}

/**
 * What the kernel layer says to an operation that the broker has refused, and which was therefore not tried. Null if it was not
 * asked, or if what the cell saw contradicts the plan.
 *
 * For files, the cell probes without an effect. Its claim counts only if the plan says the same, so a cell that lies can withhold
 * a verdict but cannot reverse one. Ports and the starting of processes are not probed one by one. The list with which the
 * process was started cannot grow, Landlock and the filter compare plain numbers, and the launcher has tried an unlisted one in
 * this same process before it became the cell.
 */
export function wordOf(
  plan: HeldPlan,
  asked: JudgedOperation,
  probed: KernelProbe | null,
): KernelWord | null {
  if (refusesAll(plan, asked)) return { verdict: "deny", evidence: "seccomp-errno" };
  if (asked.capability === "network") {
    return grantsPort(plan, asked.target)
      ? { verdict: "allow" }
      : { verdict: "deny", evidence: "ruleset+errno" };
  }
  if (probed === null || !isAskedAbout(asked)) return null;
  if (probed === "passed") return grants(plan, asked) ? { verdict: "allow" } : null;
  const evidence = evidenceOf(plan, asked, probed);
  return evidence === null ? null : { verdict: "deny", evidence };
}

/** Whether the kernel governs an operation that is probed one by one. */
function isAskedAbout({ capability, operation }: JudgedOperation): boolean {
  if (capability === "filesystem") return (RIGHTS_OF_OPERATION[operation] ?? 0) !== 0;
  return capability === "subprocess";
}

/** Whether the plan grants an operation, judged by names alone. */
export function grants(plan: HeldPlan, asked: JudgedOperation): boolean {
  switch (asked.capability) {
    case "network":
      return grantsPort(plan, asked.target);
    case "subprocess":
      return grantsCommand(plan, asked.target);
    case "filesystem":
      return lackingOf(plan, asked) === 0;
    default:
      return true;
  }
}

function ofFile(
  plan: HeldPlan,
  asked: JudgedOperation,
  seen: KernelRefusal,
): KernelEvidence | null {
  const lacking = lackingOf(plan, asked);
  // Landlock checks entries before ordinary permissions. It checks files after them, so the guard has looked at those as well.
  if (seen === "hook") return (lacking & OF_FILE_ENTRIES) === 0 ? null : "ruleset+errno";
  if (seen === "directory") return (lacking & OF_DIRECTORY_ENTRIES) === 0 ? null : "ruleset+errno";
  return (lacking & ~OF_ENTRIES) === 0 ? null : "differential+ruleset";
}

/** The rights that an operation needs and the plan does not give on its target. */
function lackingOf({ paths }: HeldPlan, { operation, target }: JudgedOperation): Rights {
  const needed = RIGHTS_OF_OPERATION[operation] ?? 0;
  return (
    (needed & OF_ENTRIES & ~rightsOnPath(paths, parentOf(target))) |
    (needed & ~OF_ENTRIES & ~rightsOnPath(paths, target))
  );
}

function refusesAll(
  { filter, ports, commands }: HeldPlan,
  { capability }: JudgedOperation,
): boolean {
  if (capability === "network") return !(filter?.sockets ?? ports.length > 0);
  return capability === "subprocess" && !(filter?.processes ?? commands.length > 0);
}

function grantsPort({ ports }: HeldPlan, target: string): boolean {
  return ports === "all" || ports.includes(Number(target.slice(target.lastIndexOf(":") + 1)));
}

/** Whether a command of this name can have been running at all. */
function isRunning(plan: HeldPlan, { capability, target }: JudgedOperation): boolean {
  return capability === "subprocess" && plan.commands.length > 0 && grantsCommand(plan, target);
}

function grantsCommand(plan: HeldPlan, target: string): boolean {
  const real = hostDisk.realPath(target) ?? target;
  return plan.commands === "all" || (rightsOnPath(plan.paths, real) & RIGHTS.execute) !== 0;
}
