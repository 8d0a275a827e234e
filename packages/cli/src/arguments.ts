import { parseArgs } from "node:util";

import { oneOf, type OptionCheck, readOptions } from "@pyisolate/policy/options";

import {
  type Command,
  type Given,
  type OptionTable,
  type OptionValues,
  UsageError,
} from "./command.ts";

/** What Node tells of each argument. */
type Token = NonNullable<ReturnType<typeof tokensOf>>[number];

/**
 * Reads what stands behind a command's name. A later value of an option replaces an earlier one; `--` ends the options.
 *
 * @returns `help` where the help is asked for, whatever else is given.
 * @throws UsageError for an unknown option, a value that is missing or too much, and operands that are missing or too many.
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
 * Picks one of some words.
 *
 * @throws UsageError with the near word where it is none of them.
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

/** Not strict: an unknown option is told by us, with the near word, and a value may begin with a dash, as `-1h` does. */
function tokensOf(table: OptionTable, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [
      name.slice(2),
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens;
}

/** Written out: `-1h` behind an unknown option would otherwise be read as `-1 -h`. */
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
    // `--from --to now` has forgotten the value of --from; one that shall begin with two dashes is written --from=--to.
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
