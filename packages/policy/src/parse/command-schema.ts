import { z } from "zod";

import { quoted } from "../clean-text.ts";
import {
  ARGUMENT_PATTERN,
  argumentMistake,
  MAX_ARGUMENT_LENGTH,
  MAX_ARGUMENT_PATTERNS,
} from "../match/argument-pattern.ts";
import { LITERAL_PATH, MAX_PATH_LENGTH, pathMistake } from "../match/path-pattern.ts";

/** Refuses a command with arguments: a space and then text without a slash, an option or a path. Such a rule would never match. */
const ARGUMENTS = "(?!.* (?:[^/]*$|-|/))";
const ONE_COMMAND = new RegExp(`^${ARGUMENTS}${LITERAL_PATH.source.slice(1)}`, "u");
const COMMAND = new RegExp(`^\\*$|${ONE_COMMAND.source}`, "u");

const CommandPath = (pattern: RegExp, everyOne: string) =>
  z
    .string()
    .max(MAX_PATH_LENGTH)
    .regex(pattern, {
      error: ({ input }) => `${quoted(String(input))} ${commandMistake(String(input), everyOne)}`,
    });

const Argument = z
  .string()
  .max(MAX_ARGUMENT_LENGTH)
  .regex(ARGUMENT_PATTERN, { error: ({ input }) => argumentMistake(String(input)) })
  .describe("One argument, in which * is any characters; or ** alone: any number of arguments.");

/** A command of a rule: its path, with any arguments, or the path with a pattern of its arguments. */
export const Command = z.union([
  CommandPath(COMMAND, ', or write "*" alone for every command').describe(
    "Absolute path of an executable, with any arguments; or * for every one.",
  ),
  z
    .strictObject({
      path: CommandPath(ONE_COMMAND, "").describe("Absolute path of an executable."),
      args: z
        .array(Argument)
        .max(MAX_ARGUMENT_PATTERNS)
        .describe('The arguments that it may get, in their order; [] for none, ["**"] for any.'),
    })
    .describe("An executable and the arguments with which it may be run."),
]);

/** @param everyOne What to write for every command; empty where that has no place. */
function commandMistake(command: string, everyOne: string): string {
  if (command.includes("*")) return `has a wildcard; name each command whole${everyOne}`;
  if (!command.startsWith("/"))
    return "is not absolute; write the whole path, such as /usr/bin/git, without arguments";
  if (command.endsWith("/"))
    return "is a directory; name each command in it whole, such as /usr/bin/git";
  const [path = ""] = command.split(" ");
  if (path !== command && pathMistake(path) === undefined) {
    return `has a space, as if arguments followed; write ${quoted(path)} for any arguments, or name them in { path, args }`;
  }
  return pathMistake(command) ?? "is not the path of a command; write it whole, without arguments";
}
