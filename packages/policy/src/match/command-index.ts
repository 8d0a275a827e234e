import type { CommandScope } from "../policy.ts";
import { canonicalPath } from "./canonical-target.ts";
import { PathIndex } from "./path-index.ts";
import type { NearIndex, RankIndex } from "./rule-rank.ts";
import { PrefixTree } from "./prefix-tree.ts";

/** Most arguments of a command that can be decided. */
const MAX_ARGUMENTS = 4097;
/** Most characters of all arguments together, in UTF-16 code units: below the 128 KiB that Linux takes of one argument. */
export const MAX_ARGUMENT_CHARACTERS = 100_000;

/** The scope of every command. */
const ANY = "*";

// A command and its arguments are matched as a path whose first segment is the command, and each further one an argument: so
// one index, whose cost does not grow with the number of rules, serves both.
/** Stands for a slash within a segment. No command and no argument holds a NUL. */
export const SLASH_MARK = "\0";
/** Stands for an empty argument. No argument is half a character. */
export const EMPTY_ARGUMENT = "\ud800";

function segmentOf(text: string): string {
  if (text === "") return EMPTY_ARGUMENT;
  // Most arguments have no slash, and to look for one costs less than to replace none.
  return text.includes("/") ? text.replaceAll("/", SLASH_MARK) : text;
}

/**
 * A command and its arguments in the one spelling that the index takes; null for a command that is not an absolute path, and for
 * arguments that no command can get.
 *
 * @param args Left out: none.
 */
export function canonicalCommand(target: string, args: readonly string[] = []): string | null {
  const path = canonicalPath(target);
  if (path === null || !Array.isArray(args) || args.length > MAX_ARGUMENTS) return null;
  let command = `/${segmentOf(path)}`;
  let characters = 0;
  for (const arg of args as readonly unknown[]) {
    if (typeof arg !== "string" || !arg.isWellFormed() || arg.includes("\0")) return null;
    characters += arg.length;
    if (characters > MAX_ARGUMENT_CHARACTERS) return null;
    command += `/${segmentOf(arg)}`;
  }
  return command;
}

/** A command that has no canonical spelling, as {@link nearCommands} compares it: the start of a path tells which rule is near. */
export function malformedCommand(target: string): string {
  return `/${segmentOf(target)}`;
}

/** A rule's command as a pattern of the index. */
export function commandPattern(scope: CommandScope): string {
  if (scope === ANY) return "/**";
  if (typeof scope === "string") return `/${segmentOf(scope)}/**`;
  return [scope.path, ...scope.args].map((text) => `/${segmentOf(text)}`).join("");
}

/** Commands by the paths and arguments that they cover. */
export function coveringCommands(): RankIndex {
  return new PathIndex();
}

/** Commands by how much of a command line they share with it from the start on. */
export function nearCommands(): NearIndex {
  const starts = new PrefixTree();
  return {
    add: (pattern, rank) => {
      // Without the end that only says "whatever arguments": a command line without any is as near as one with some.
      starts.add(pattern.endsWith("/**") ? pattern.slice(0, -3) : pattern, rank);
    },
    nearest: (target) => starts.longest(target).rank,
  };
}
