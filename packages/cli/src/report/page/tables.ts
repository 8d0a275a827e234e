import type { Content, Sheet } from "./html-sheet.ts";

/** A table's column. */
export interface Column<Row> {
  readonly title: string;
  /** Also the class of the column's cells. */
  readonly kind?: string;
  /** Renders a cell. That of the first column is the row's heading. */
  readonly cell: (row: Row) => Content;
}

/**
 * A table with caption and headings. It sets ARIA roles explicitly: a narrow page lays rows out as blocks, and a browser would
 * then no longer treat them as rows.
 */
export function table<Row>(
  { h }: Sheet,
  caption: Content,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  kind = "",
): HTMLElement {
  const head = columns.map(({ title, kind }) =>
    h("th", { scope: "col", role: "columnheader", class: kind }, title),
  );
  const body = rows.map((row) =>
    h(
      "tr",
      { role: "row" },
      columns.map(({ cell, kind, title }, index) =>
        index === 0
          ? h("th", { scope: "row", role: "rowheader", class: kind }, cell(row))
          : h("td", { role: "cell", class: kind, "data-label": title }, cell(row)),
      ),
    ),
  );
  return h(
    "table",
    { role: "table", class: kind === "" ? undefined : kind },
    h("caption", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, body),
  );
}

/** A section with a heading and an id that links can jump to. */
export function section(
  { h }: Sheet,
  id: string,
  title: string,
  about: Content,
  ...content: readonly Content[]
): HTMLElement {
  return h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h("div", { class: "head" }, h("h2", { id: `${id}-title` }, title), h("p", {}, about)),
    content,
  );
}
