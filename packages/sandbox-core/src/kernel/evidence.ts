import type { KernelEvidence } from "@pyisolate/policy";

import type { KernelRefusal } from "../frames.ts";
import { hostDisk } from "./disk.ts";
import type { KernelPlan } from "./plan.ts";
import { isWithin, parentOf, type Rights, RIGHTS, RIGHTS_OF_OPERATION } from "./rights.ts";

/** An operation that the broker decides. */
export interface Asked {
  readonly capability: string;
  readonly operation: string;
  readonly target: string;
}

/** What is done to the entries of a directory; the others are done to a file or a directory itself. */
const OF_ENTRIES: Rights =
  RIGHTS.make_reg | RIGHTS.make_dir | RIGHTS.remove_file | RIGHTS.remove_dir;

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
  if (seen === "hook") return (lacking & OF_ENTRIES) === 0 ? null : "ruleset+errno";
  return (lacking & ~OF_ENTRIES) === 0 ? null : "differential+ruleset";
}

/** The rights of an operation that the plan does not give on its target. */
function lackingOf(plan: KernelPlan, { operation, target }: Asked): Rights {
  const needed = RIGHTS_OF_OPERATION[operation] ?? 0;
  return (
    (needed & OF_ENTRIES & ~givenOn(plan, parentOf(target))) |
    (needed & ~OF_ENTRIES & ~givenOn(plan, target))
  );
}

function givenOn({ paths }: KernelPlan, at: string): Rights {
  return paths.reduce((all, { path, rights }) => (isWithin(at, path) ? all | rights : all), 0);
}

function refusesAll(plan: KernelPlan, { capability }: Asked): boolean {
  if (capability === "network") return plan.ports.length === 0;
  return capability === "subprocess" && plan.commands.length === 0;
}

function grantsPort({ ports }: KernelPlan, target: string): boolean {
  return ports === "all" || ports.includes(Number(target.slice(target.lastIndexOf(":") + 1)));
}

function grantsCommand(plan: KernelPlan, target: string): boolean {
  const real = hostDisk.realPath(target) ?? target;
  return plan.commands === "all" || (givenOn(plan, real) & RIGHTS.execute) !== 0;
}
