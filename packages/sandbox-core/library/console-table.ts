import { inspect } from "./inspect.ts";

const BOX = { across: "─", down: "│" };

/** The lines of `console.table`; undefined for a value that is no table. */
export function table(data: unknown, columns?: readonly string[]): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const shown = (value: unknown): string =>
    inspect(value, {
      maxArrayLength: 3,
      breakLength: Infinity,
      depth: typeof value === "object" && value !== null && Object.keys(value).length > 2 ? -1 : 0,
    });
  const entries: [string, unknown][] =
    data instanceof Map
      ? [...data].map(([key, value], at) => [
          String(at),
          { Key: key as unknown, Values: value as unknown },
        ])
      : data instanceof Set
        ? [...data].map((value, at) => [String(at), value as unknown])
        : Object.entries(data);
  const names: string[] = [...(columns ?? [])];
  const rows: Record<string, string>[] = [];
  let hasValues = false;
  for (const [, row] of entries) {
    const cells: Record<string, string> = { __proto__: null } as never;
    const isPlain = (typeof row !== "object" && typeof row !== "function") || row === null;
    if (isPlain) {
      cells["Values"] = shown(row);
      hasValues = true;
    } else {
      for (const key of columns ?? Object.keys(row)) {
        if (!Object.hasOwn(row, key)) continue;
        if (!names.includes(key)) names.push(key);
        cells[key] = shown((row as Record<string, unknown>)[key]);
      }
    }
    rows.push(cells);
  }
  const isIterated = data instanceof Map || data instanceof Set;
  const head = [
    isIterated ? "(iteration index)" : "(index)",
    ...names,
    ...(hasValues ? ["Values"] : []),
  ];
  const lines = entries.map(([key], at) => [
    key,
    ...head.slice(1).map((name) => rows[at]?.[name] ?? ""),
  ]);
  return drawn([head, ...lines]);
}

function drawn(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, at) =>
    Math.max(...lines.map((line) => (line[at] ?? "").length + 2)),
  );
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => BOX.across.repeat(width)).join(middle) + right;
  const row = (line: readonly string[]): string =>
    `${BOX.down}${line.map((text, at) => ` ${text.padEnd((widths[at] ?? 1) - 1)}`).join(BOX.down)}${BOX.down}`;
  const [head = [], ...rest] = lines;
  return [
    rule("┌", "┬", "┐"),
    row(head),
    rule("├", "┼", "┤"),
    ...rest.map(row),
    rule("└", "┴", "┘"),
  ].join("\n");
}
