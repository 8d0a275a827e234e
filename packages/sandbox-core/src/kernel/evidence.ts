import type { KernelEvidence } from "@pyisolate/policy";

import type { KernelProbe, KernelRefusal } from "../frames.ts";
import { hostDisk } from "./disk.ts";
import { givenRights } from "./given-rights.ts";
import type { KernelPlan } from "./plan.ts";
import { parentOf, type Rights, RIGHTS, RIGHTS_OF_OPERATION } from "./rights.ts";

/** An operation that the broker decides. */
export interface Asked {
  readonly capability: string;
  readonly operation: string;
  readonly target: string;
}

/** The kernel layer's verdict on an operation, with what shows it. */
export type KernelWord =
  | { readonly verdict: "allow" }
  | { readonly verdict: "deny"; readonly evidence: KernelEvidence };

/** What is done to the entries of a directory; the others are done to a file or a directory itself. */
const OF_FILE_ENTRIES: Rights = RIGHTS.make_reg | RIGHTS.remove_file;
const OF_DIRECTORY_ENTRIES: Rights = RIGHTS.make_dir | RIGHTS.remove_dir;
const OF_ENTRIES: Rights = OF_FILE_ENTRIES | OF_DIRECTORY_ENTRIES;

/**
 * What proves that the kernel's layer refused an operation, by what a guard saw and by the plan that its cell was started with. Null where
 * nothing does: the plan grants it, or what was seen has other causes too.
 */
export function evidenceOf(
  plan: KernelPlan,
  asked: Asked,
  seen: KernelRefusal,
): KernelEvidence | null {
  if (seen === "filter") return refusesAll(plan, asked) ? "seccomp-errno" : null;
  if (seen === "ended") return isRunning(plan, asked) ? "seccomp-kill" : null;
  switch (asked.capability) {
    case "network":
      // Where no port is granted there is no socket that could be refused a connection.
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
 * What the kernel's layer says to an operation that the broker has refused, so that nothing was tried. Null where it was not asked, and
 * where what was seen and what the plan says do not agree.
 *
 * Files are asked about by the cell, without an effect; its word counts only where the plan says the same, so that a cell that lies can
 * keep a verdict back and cannot turn one round. Ports and the starting of processes are not asked about one by one: the list that the
 * process was started with is closed, what Landlock and the filter compare are numbers, and the launcher has tried in this very process,
 * before it became the cell, what is on no list.
 */
export function wordOf(
  plan: KernelPlan,
  asked: Asked,
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

/** Whether the kernel has a say in an operation that is asked about one by one. */
function isAskedAbout({ capability, operation }: Asked): boolean {
  if (capability === "filesystem") return (RIGHTS_OF_OPERATION[operation] ?? 0) !== 0;
  return capability === "subprocess";
}

/** Whether the plan lets an operation through, as far as names tell. */
export function grants(plan: KernelPlan, asked: Asked): boolean {
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

function ofFile(plan: KernelPlan, asked: Asked, seen: KernelRefusal): KernelEvidence | null {
  const lacking = lackingOf(plan, asked);
  // Entries: Landlock is asked before ordinary permissions are. Files: after them, so the guard has looked at those too.
  if (seen === "hook") return (lacking & OF_FILE_ENTRIES) === 0 ? null : "ruleset+errno";
  if (seen === "directory") return (lacking & OF_DIRECTORY_ENTRIES) === 0 ? null : "ruleset+errno";
  return (lacking & ~OF_ENTRIES) === 0 ? null : "differential+ruleset";
}

/** The rights of an operation that the plan does not give on its target. */
function lackingOf({ paths }: KernelPlan, { operation, target }: Asked): Rights {
  const needed = RIGHTS_OF_OPERATION[operation] ?? 0;
  return (
    (needed & OF_ENTRIES & ~givenRights(paths, parentOf(target))) |
    (needed & ~OF_ENTRIES & ~givenRights(paths, target))
  );
}

function refusesAll(plan: KernelPlan, { capability }: Asked): boolean {
  if (capability === "network") return plan.ports.length === 0;
  return capability === "subprocess" && plan.commands.length === 0;
}

function grantsPort({ ports }: KernelPlan, target: string): boolean {
  return ports === "all" || ports.includes(Number(target.slice(target.lastIndexOf(":") + 1)));
}

/** Whether a command may have been running at all. */
function isRunning(plan: KernelPlan, { capability, target }: Asked): boolean {
  return capability === "subprocess" && plan.commands.length > 0 && grantsCommand(plan, target);
}

function grantsCommand(plan: KernelPlan, target: string): boolean {
  const real = hostDisk.realPath(target) ?? target;
  return plan.commands === "all" || (givenRights(plan.paths, real) & RIGHTS.execute) !== 0;
}
