import { parseArgs } from "node:util";

import { oneOf, type OptionCheck, readOptions } from "@pyisolate/policy/options";

import {
  type Command,
  type Given,
  type OptionTable,
  type OptionValues,
  UsageError,
} from "./command.ts";

/** One argument as `util.parseArgs` reports it. */
type Token = NonNullable<ReturnType<typeof tokensOf>>[number];

/**
 * Reads the arguments after a command's name. A later value of an option replaces an earlier one; `--` ends the options.
 *
 * @returns `help` if help is asked for, whatever else is given.
 * @throws UsageError for an unknown option, a missing or superfluous value, and too few or too many operands.
 */
export function readArguments<Table extends OptionTable>(
  command: Command<Table>,
  args: readonly string[],
): Given<Table> | "help" {
  const tokens = tokensOf(command.options, args);
  if (tokens.some((token) => isHelp(token, args))) return "help";
  const options = readTable(command.options, `pyisolate ${command.name}`, tokens);
  const operands = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  checkOperands(command, operands);
  return { options, operands };
}

/**
 * Checks that a value is one of several words.
 *
 * @throws UsageError for any other value, with the nearest word.
 */
export function oneOfWords<Word extends string>(
  name: string,
  value: string,
  words: readonly Word[],
): Word {
  const mistake = oneOf(words)(value);
  if (mistake !== undefined) throw new UsageError(`${name} ${mistake}`);
  return value as Word;
}

/** Not strict: readArguments reports an unknown option itself, with the nearest word, and a value may begin with a dash, as `-1h` does. */
function tokensOf(table: OptionTable, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [
      name.slice(2),
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens;
}

/** Compares the argument as it was written: after an unknown option, `parseArgs` reads `-1h` as `-1 -h`. */
function isHelp(token: Token, args: readonly string[]): boolean {
  return token.kind === "option" && ["--help", "-h"].includes(args[token.index] ?? "");
}

function readTable<Table extends OptionTable>(
  table: Table,
  taker: string,
  tokens: readonly Token[],
): OptionValues<Table> {
  const given: Record<string, string | true> = Object.create(null) as Record<string, string | true>;
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { rawName, value, inlineValue } = token;
    // In `--from --to now`, the value of --from was forgotten. A value that does begin with two dashes is written --from=--to.
    const isForgotten = inlineValue === false && value.startsWith("--");
    given[rawName] = value === undefined || isForgotten ? true : value;
  }
  const checks = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [name, checkOf(value)]),
  );
  try {
    return readOptions(taker, given, checks) as OptionValues<Table>;
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

function checkOf(valueName: string | undefined): OptionCheck {
  if (valueName === undefined)
    return (value) => (value === true ? undefined : "takes no value: write it alone");
  return (value) => {
    if (value === true) return `needs a value: ${valueName}`;
    return value === "" ? `is empty: it needs a value, ${valueName}` : undefined;
  };
}

function checkOperands({ name, operands: wanted }: Command, given: readonly string[]): void {
  const missing = wanted[given.length];
  if (missing !== undefined) throw new UsageError(`${name} needs ${missing}`);
  const isOpen = wanted.at(-1)?.endsWith("...") === true;
  const extra = given[wanted.length];
  if (extra === undefined || isOpen) return;
  const takes = wanted.length === 0 ? "nothing but options" : `only ${wanted.join(" ")}`;
  throw new UsageError(`${JSON.stringify(extra)} is one too many: ${name} takes ${takes}`);
}
