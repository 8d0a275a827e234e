import { stripVTControlCharacters, styleText } from "node:util";

const out = process.stdout;

export function heading(text: string): void {
  out.write(`\n${paint("bold", text)}\n${paint("dim", "─".repeat(text.length))}\n`);
}

export function say(text = ""): void {
  out.write(`${text}\n`);
}

/** Lines of a name and what belongs to it, aligned. */
export function pairs(rows: readonly (readonly [string, string])[], indent = 2): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) {
    say(`${" ".repeat(indent)}${paint("dim", name.padEnd(width))}  ${value}`);
  }
}

/** A table with its columns aligned; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        /^\d+$/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  say(`  ${paint("dim", line(header))}`);
  for (const row of rows) say(`  ${line(row)}`);
}

/** Makes text that a guest may have written safe for a terminal: nothing in it moves the cursor. */
export function plain(value: unknown): string {
  return stripVTControlCharacters(typeof value === "string" ? value : JSON.stringify(value));
}

export function paint(style: "bold" | "dim" | "green" | "red", text: string): string {
  return styleText(style, text, { stream: out });
}
