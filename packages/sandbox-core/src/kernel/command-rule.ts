import type { CommandScope, Policy, Rule } from "@pyisolate/policy";

import { commandReads } from "./command-reads.ts";
import type { Disk } from "./disk.ts";
import { allMet, notesOnDenies, opposing, type RuleOutcome, rulesOf } from "./planned-rule.ts";
import { grantsOf } from "./program-files.ts";
import { type Grant, RIGHTS } from "./rights.ts";

/** The pattern for any command in a policy. */
const ANY = "*";

/** The kernel demands both rights to execute a file, because it also reads it. */
const EXECUTED = RIGHTS.execute | RIGHTS.read_file;

/** Most programs open it to read nothing or to discard output. */
const DEV_NULL: Grant = { path: "/dev/null", rights: RIGHTS.read_file | RIGHTS.write_file };

/** Landlock does not govern a file's mode and times, and a seccomp filter cannot tell one file from another. */
const SETS_MODES = "commands set modes and times, so the cell can of every file that its user owns";

/** Whether a rule covers every command. */
function isAnyCommand(rule: Rule): boolean {
  return (rule.commands ?? [ANY]).includes(ANY);
}

/** Whether a rule covers a command with all its arguments, which the kernel does not see. */
function coversWholly(rule: Rule, path: string): boolean {
  return (rule.commands ?? [ANY]).some((scope) =>
    typeof scope === "string"
      ? scope === ANY || scope === path
      : scope.path === path && scope.args.length > 0 && scope.args.every((one) => one === "**"),
  );
}

/** What a policy's rules say of commands together, so that a plan of 10,000 rules does not compare each with each. */
interface Together {
  readonly grantsAny: boolean;
  /** The commands that allow rules name. */
  readonly granted: ReadonlySet<string>;
  readonly deniesAny: boolean;
  /** The commands that deny rules deny with all their arguments. */
  readonly whollyDenied: ReadonlySet<string>;
}

const known = new WeakMap<Policy, Together>();

function together(policy: Policy): Together {
  const made = known.get(policy) ?? compared(policy);
  known.set(policy, made);
  return made;
}

function compared(policy: Policy): Together {
  const [allows, denies] = (["allow", "deny"] as const).map((effect) =>
    rulesOf(policy, effect, "subprocess"),
  ) as [readonly Rule[], readonly Rule[]];
  const wholly = denies.flatMap((deny) =>
    (deny.commands ?? []).map(pathOf).filter((path) => coversWholly(deny, path)),
  );
  return {
    grantsAny: allows.some(isAnyCommand),
    granted: new Set(allows.flatMap(({ commands = [] }) => commands.map(pathOf))),
    deniesAny: denies.some(isAnyCommand),
    whollyDenied: new Set(wholly),
  };
}

/** Whether a deny rule takes from what allow rules grant, in a way that the kernel cannot express. */
export function takesArguments(policy: Policy, deny: Rule): boolean {
  if (isAnyCommand(deny)) return false;
  const { grantsAny, granted } = together(policy);
  // From a rule for any command, the kernel can take none out.
  if (grantsAny) return true;
  return (deny.commands ?? []).some((scope) => {
    const path = pathOf(scope);
    // A command that is denied with all its arguments is not granted in the first place.
    return granted.has(path) && !coversWholly(deny, path);
  });
}

function pathOf(scope: CommandScope): string {
  return typeof scope === "string" ? scope : scope.path;
}

/**
 * Turns an allow rule for commands into programs that may be executed. Without such a rule, the kernel lets the cell execute
 * nothing and start no process.
 */
export function commandRule(policy: Policy, rule: Rule, disk: Disk): RuleOutcome {
  const denies = opposing(policy, rule);
  const { deniesAny, whollyDenied } = together(policy);
  if (deniesAny) return { hold: "exact", notes: [] };
  const reads = commandReads(policy, rule, disk);
  if (isAnyCommand(rule)) {
    const notes = notesOnDenies(
      allMet(denies),
      (what) => `${what}: Landlock takes nothing out of a tree`,
    );
    return {
      hold: "wider",
      notes: [
        "to execute a program is to read it, so any file can be read",
        SETS_MODES,
        ...notes,
        ...reads.notes,
      ],
      paths: [{ path: "/", rights: EXECUTED }, DEV_NULL, ...reads.paths],
      commands: "all",
    };
  }
  const commands = new Set<string>();
  const notes: string[] = [];
  let isMissing = false;
  for (const path of new Set((rule.commands ?? []).map(pathOf))) {
    if (whollyDenied.has(path)) continue;
    const real = disk.realPath(path);
    if (real === null) {
      isMissing = true;
      notes.push(
        `${path} is not there; install it before cells start, since until then the kernel refuses it`,
      );
    } else {
      commands.add(real);
      if (real !== path)
        notes.push(`${path} leads to ${real}, which is granted by every name it has`);
    }
  }
  if (commands.size > 0) {
    notes.push(
      "the kernel sees no arguments; what a command needs to load can be read and, through the system's loader, run",
      SETS_MODES,
      ...reads.notes,
    );
  }
  return {
    hold: commands.size > 0 ? "wider" : isMissing ? "nothing there" : "exact",
    notes,
    paths:
      commands.size === 0
        ? []
        : [
            ...[...commands].flatMap((command) => grantsOf(disk.filesOf(command))),
            DEV_NULL,
            ...reads.paths,
          ],
    commands: [...commands],
  };
}
