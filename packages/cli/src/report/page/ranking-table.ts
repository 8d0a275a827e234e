import type { Ranked } from "../findings/ranking.ts";
import type { Content, Sheet } from "./html-sheet.ts";
import { table } from "./tables.ts";
import { count, share } from "./format-values.ts";

/** Rows that are shown at once; the others open with a click. */
const OPEN = 8;
/** Most rows. */
const MOST = 200;

/** A table of names by count, each with its share and its course over the range. */
export function rankingTable(
  sheet: Sheet,
  title: string,
  rows: readonly Ranked[],
  nameOf: (row: Ranked) => Content = ({ name }) => sheet.name(name),
): HTMLElement {
  const { h, s } = sheet;
  const whole = rows.reduce((sum, { total }) => sum + total, 0);
  const greatest = rows[0]?.total ?? 0;
  const part = (caption: Content, some: readonly Ranked[]) =>
    table<Ranked>(
      sheet,
      caption,
      [
        {
          title,
          kind: "wide",
          cell: (row) => [
            nameOf(row),
            s(
              "svg",
              { class: "bar", "aria-hidden": "true" },
              s("rect", { width: `${((row.total / greatest) * 100).toFixed(2)}%`, height: "100%" }),
            ),
          ],
        },
        { title: "When", kind: "spark", cell: ({ columns }) => spark(sheet, columns) },
        { title: "Denials", kind: "number", cell: ({ total }) => count(total) },
        { title: "Share", kind: "number", cell: ({ total }) => share(total, whole) },
      ],
      some,
      "ranking",
    );
  const caption = h("span", {}, `By ${title.toLowerCase()}`);
  if (rows.length === 0)
    return h("div", { class: "empty" }, h("h3", {}, `By ${title.toLowerCase()}`), "None.");
  const rest = rows.slice(OPEN, MOST);
  return h(
    "div",
    {},
    part(caption, rows.slice(0, OPEN)),
    rest.length === 0
      ? undefined
      : h(
          "details",
          {},
          h("summary", {}, `${count(rest.length)} more`),
          part(h("span", { class: "unseen" }, `By ${title.toLowerCase()}, the others`), rest),
          rows.length > MOST ? `${count(rows.length - MOST)} are not shown.` : undefined,
        ),
  );
}

/** A small drawing of a row's course over the range. Screen readers skip it, because the row has the numbers. */
function spark({ s }: Sheet, columns: readonly number[]): SVGElement {
  const greatest = Math.max(...columns);
  const path = columns
    .flatMap((value, column) => {
      if (value === 0) return [];
      // Draw any count above 0 tall enough to be seen.
      const height = Math.max(1.5, (value / greatest) * 16);
      return [`M${column} 16v${(-height).toFixed(2)}h1v${height.toFixed(2)}z`];
    })
    .join("");
  return s(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${columns.length} 16`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    s("path", { d: path }),
  );
}
