import type { Terminal } from "./terminal.ts";

/** An option of a command. */
export interface OptionSpec {
  /** The name of the option's value in the help, such as `FILE`. An option without one takes no value. */
  readonly value?: string;
  /** What the option is for. A line break begins a new line of the help. */
  readonly help: string;
  /** Accepts an old name without showing it in the help. */
  readonly hidden?: true;
}

/** The options of a command, by name. Every command has `--help`, which is not listed. */
export type OptionTable = Readonly<Record<`--${string}`, OptionSpec>>;

/** The given options: a string if the option takes a value, else `true`. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name] extends { readonly value: string } ? string : true;
};

/** The arguments after the command's name, read by the command's own table. */
export interface Given<Table extends OptionTable = OptionTable> {
  readonly options: OptionValues<Table>;
  readonly operands: readonly string[];
}

/** What a command gets besides its arguments. */
export interface Context {
  readonly terminal: Terminal;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** How a command ended. 0: success. 1: it found something, or failed. 2: wrong use. */
export type ExitCode = 0 | 1 | 2;

/**
 * One command of `pyisolate`: a file in `commands/`, and a line in `commands.ts`.
 *
 * @remarks Every start loads the command's file, so `run` imports the modules that take time to load.
 */
export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** The operands as the help writes them. Each is required; a last one that ends in `...` may be repeated. */
  readonly operands: readonly string[];
  /** What the command does, for its own help. Lines are wrapped by hand. */
  readonly about: string;
  readonly options: Table;
  /** The end of its help: examples, and what its exit codes mean. Lines are wrapped by hand. */
  readonly notes: string;
  /** @throws UsageError if the arguments contradict each other. Any other error is printed and gives exit code 1. */
  run(given: Given<Table>, context: Context): Promise<ExitCode>;
}

/** The command was used wrongly. The message says what is wrong and, if known, what was probably meant. */
export class UsageError extends Error {
  override get name(): string {
    return "UsageError";
  }
}
