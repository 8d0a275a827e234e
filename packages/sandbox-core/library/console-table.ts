import { inspect } from "./inspect.ts";

const BOX = { across: "─", down: "│" };

/** The lines of `console.table`; undefined for a value that is not a table. */
export function table(data: unknown, columns?: readonly string[]): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const shown = (value: unknown): string =>
    inspect(value, {
      maxArrayLength: 3,
      breakLength: Infinity,
      depth: typeof value === "object" && value !== null && Object.keys(value).length > 2 ? -1 : 0,
    });
  const values = iterated(data);
  if (values?.isFlat === true && columns === undefined) {
    const head = ["(iteration index)", ...(values.keys === undefined ? [] : ["Key"]), "Values"];
    const lines = values.list.map((value, at) => [
      String(at),
      ...(values.keys === undefined ? [] : [shown(values.keys[at])]),
      shown(value),
    ]);
    return drawn([head, ...lines]);
  }
  const entries: [string, unknown][] =
    values === undefined
      ? Object.entries(data)
      : values.list.map((value, at) => [String(at), value]);
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
  const head = [
    values === undefined ? "(index)" : "(iteration index)",
    ...names,
    ...(hasValues ? ["Values"] : []),
  ];
  const lines = entries.map(([key], at) => [
    key,
    ...head.slice(1).map((name) => rows[at]?.[name] ?? ""),
  ]);
  return drawn([head, ...lines]);
}

interface Iterated {
  readonly list: readonly unknown[];
  readonly keys?: readonly unknown[];
  readonly isFlat: boolean;
}

function iterated(data: object): Iterated | undefined {
  if (data instanceof Map)
    return {
      list: [...data.values()] as unknown[],
      keys: [...data.keys()] as unknown[],
      isFlat: true,
    };
  if (data instanceof Set) return { list: [...data] as unknown[], isFlat: true };
  return undefined;
}

/** How many columns of a terminal a text takes: two for a wide character, none for one that joins the one before. */
function widthOf(text: string): number {
  let width = 0;
  for (const sign of text.normalize("NFC"))
    if (!/^(?:\p{Mark}|[\u200b-\u200f])$/u.test(sign)) width += WIDE.test(sign) ? 2 : 1;
  return width;
}
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3040-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b001}\u{1f200}-\u{1f251}\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;
const padded = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

function drawn(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, at) =>
    Math.max(...lines.map((line) => widthOf(line[at] ?? "") + 2)),
  );
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => BOX.across.repeat(width)).join(middle) + right;
  const row = (line: readonly string[]): string =>
    `${BOX.down}${line.map((text, at) => ` ${padded(text, (widths[at] ?? 1) - 1)}`).join(BOX.down)}${BOX.down}`;
  const [head = [], ...rest] = lines;
  return [
    rule("┌", "┬", "┐"),
    row(head),
    rule("├", "┼", "┤"),
    ...rest.map(row),
    rule("└", "┴", "┘"),
  ].join("\n");
}
