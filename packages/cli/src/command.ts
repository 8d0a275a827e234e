import type { Terminal } from "./terminal.ts";

/** An option of a command. */
export interface OptionSpec {
  /** What the help calls the option's value, such as `FILE`. An option without one takes no value. */
  readonly value?: string;
  /** What it is for. A line break begins a new line of the help. */
  readonly help: string;
  /** Keeps an old name working without showing it in the help. */
  readonly hidden?: true;
}

/** The options of a command, by name. `--help` is every command's and not listed. */
export type OptionTable = Readonly<Record<`--${string}`, OptionSpec>>;

/** The options that were given: a text where the option takes a value, else `true`. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name] extends { readonly value: string } ? string : true;
};

/** What a person wrote behind the command's name, read by the command's own table. */
export interface Given<Table extends OptionTable = OptionTable> {
  readonly options: OptionValues<Table>;
  readonly operands: readonly string[];
}

/** What a command has besides what was given. */
export interface Context {
  readonly terminal: Terminal;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** How a command ended: 0 all is well, 1 it found something or failed, 2 it was used wrongly. */
export type ExitCode = 0 | 1 | 2;

/**
 * One command of `pyisolate`: a file in `commands/`, and a line in `commands.ts`.
 *
 * @remarks Its file is loaded on every start, so what takes time to load is imported in `run`.
 */
export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Their names as the help writes them, each required; a last one that ends in `...` may be repeated. */
  readonly operands: readonly string[];
  /** What it does, for its own help: whole lines, wrapped by hand. */
  readonly about: string;
  readonly options: Table;
  /** The end of its help: examples, what its exit codes mean. Wrapped by hand. */
  readonly notes: string;
  /** @throws UsageError where what was given makes no sense together. Whatever else it throws is told, with exit code 1. */
  run(given: Given<Table>, context: Context): Promise<ExitCode>;
}

/** Wrong use. Its message says what is wrong and, where that is known, what was probably meant. */
export class UsageError extends Error {
  override get name(): string {
    return "UsageError";
  }
}
