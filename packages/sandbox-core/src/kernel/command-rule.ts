import { decide, type Policy, type Rule } from "@pyisolate/policy";

import { commandReads } from "./command-reads.ts";
import type { Disk } from "./disk.ts";
import { opposing, type RuleOutcome } from "./planned-rule.ts";
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
export function isAnyCommand(rule: Rule): boolean {
  return (rule.commands ?? [ANY]).includes(ANY);
}

/**
 * Turns an allow rule for commands into programs that may be executed. Without such a rule, the kernel lets the cell execute
 * nothing and start no process.
 */
export function commandRule(policy: Policy, rule: Rule, disk: Disk): RuleOutcome {
  const denies = opposing(policy, rule);
  if (denies.some(isAnyCommand)) return { hold: "exact", notes: [] };
  const reads = commandReads(policy, rule, disk);
  if (isAnyCommand(rule)) {
    const notes = denies.map(
      ({ id }) => `what the rule ${id} denies: Landlock takes nothing out of a tree`,
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
  for (const path of rule.commands ?? []) {
    const request = { capability: "subprocess", operation: "exec", target: path } as const;
    if (decide(policy, request).effect === "deny") continue;
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
