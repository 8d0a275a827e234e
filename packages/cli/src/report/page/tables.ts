import type { Content, Sheet } from "./sheet.ts";

/** A table's column. */
export interface Column<Row> {
  readonly title: string;
  /** Also the class of its cells. */
  readonly kind?: string;
  /** The cell; the first column's is the row's heading. */
  readonly cell: (row: Row) => Content;
}

/**
 * A table with caption and headings. Roles are said outright, because a narrow page lays rows out as blocks, and a browser
 * would then forget that they are rows.
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

/** A section with its heading, so that it can be jumped to. */
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
