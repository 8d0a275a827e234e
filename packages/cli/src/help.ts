import type { Command, OptionTable } from "./command.ts";

/** The help text of `pyisolate` itself. */
export function helpOfAll(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return `Usage: pyisolate COMMAND [options]

What was refused, and why: reports and policies of sandboxed code.

Commands:
${table(rows)}

Options:
${table([
  ["--help, -h", "this text; behind a command's name, what it does and takes"],
  ["--version", "the version"],
])}

Exit code: 0 all is well, 1 something was found or failed, 2 wrong usage.`;
}

/** The help text of one command. */
export function helpOf(command: Command): string {
  return `${usageOf(command)}

${command.about}

Options:
${optionRows(command.options)}

${command.notes}`;
}

/** The first line of a command's help. */
export function usageOf({ name, operands }: Command): string {
  return `Usage: ${["pyisolate", name, ...operands, "[options]"].join(" ")}`;
}

function optionRows(options: OptionTable): string {
  const shown = Object.entries(options).filter(([, { hidden }]) => hidden !== true);
  const rows = shown.map(
    ([name, { value, help }]) => [value === undefined ? name : `${name} ${value}`, help] as const,
  );
  return table([...rows, ["--help", "this text"]]);
}

/** Lays out two columns. A line break in the second column begins a new line of it. */
function table(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const indent = " ".repeat(width + 4);
  return rows
    .map(([left, right]) => `  ${left.padEnd(width)}  ${right.replaceAll("\n", `\n${indent}`)}`)
    .join("\n");
}
