import { createRequire } from "node:module";

import { oneOfWords, readArguments } from "./arguments.ts";
import { type Command, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { helpOf, helpOfAll, usageOf } from "./help.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { tellOfUnwritable } from "./unwritable.ts";

/** The exit code that shells use for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Runs one command. Never rejects. @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  tellOfUnwritable(process.stdout, process.stderr);
  const terminal = createTerminal(process.stdout, process.stderr);
  const [name, ...rest] = args;
  let command: Command | undefined;
  try {
    if (name === undefined) {
      terminal.note(helpOfAll(COMMANDS));
      return 2;
    }
    if (name.startsWith("-")) return own(name, terminal);
    command = commandOf(name);
    return await runCommand(command, rest, terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) {
      terminal.note(messageOf(error), "bad");
      return 1;
    }
    const usage = command === undefined ? "Usage: pyisolate COMMAND [options]" : usageOf(command);
    const help = ["pyisolate", ...(command === undefined ? [] : [command.name]), "--help"];
    terminal.note(error.message, "bad");
    terminal.note(`\n${usage}\n${help.join(" ")} says more.`);
    return 2;
  }
}

/** Runs an option that belongs to no command. */
function own(option: string, terminal: Terminal): number {
  const known = oneOfWords("the option", option, ["--help", "-h", "--version"]);
  terminal.out(known === "--version" ? version() : helpOfAll(COMMANDS));
  return 0;
}

function commandOf(name: string): Command {
  const known = oneOfWords(
    "the command",
    name,
    COMMANDS.map((command) => command.name),
  );
  const command = COMMANDS.find((each) => each.name === known);
  if (command === undefined) throw new UsageError(`no command ${known}`);
  return command;
}

async function runCommand(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const given = readArguments(command, args);
  if (given === "help") {
    terminal.out(helpOf(command));
    return 0;
  }
  const interrupted = new AbortController();
  const { signal } = interrupted;
  process.once("SIGINT", () => interrupted.abort());
  try {
    return await command.run(given, { terminal, signal });
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    throw error;
  }
}

function version(): string {
  const manifest = createRequire(import.meta.url)("../package.json") as {
    readonly version: string;
  };
  return manifest.version;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
