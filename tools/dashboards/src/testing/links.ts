import type { Dashboard, Panel } from "./committed.ts";
import type { Chosen, Range, Row } from "./grafana.ts";

/** Where a link leads, by Grafana's own rules of addresses. */
export interface Destination {
  readonly path: string;
  readonly chosen: Chosen;
  readonly range: Range;
  readonly panel: string | null;
  readonly panes: string | null;
}

/** What is clicked: a row, as the panel shows it, and in it a column. */
export interface Click {
  readonly row: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly column: string;
  readonly seconds: number;
}

/** The links of a panel, each with what it is on: a column, or whatever is shown. */
export function linksWithColumns(panel: Panel): { url: string; on: string | undefined }[] {
  const { defaults, overrides } = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  return [
    ...(defaults.links ?? []).map(({ url }) => ({ url, on: undefined })),
    ...overrides.flatMap(({ matcher, properties }) =>
      properties
        .filter(({ id }) => id === "links")
        .flatMap(({ value }) => value as { url: string }[])
        .map(({ url }) => ({ url, on: matcher.options })),
    ),
  ];
}

/** A row under the headings that it is shown by. */
export function shown(panel: Panel, { labels }: Row): Record<string, string> {
  const names: Record<string, string> = {};
  for (const { options } of panel.transformations ?? []) Object.assign(names, options.renameByName);
  return Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [names[label] ?? label, value]),
  );
}

/** Follows a link: everything chosen stays chosen, all of it, but for what was clicked. */
export function follow(url: string, from: Dashboard, click: Click, range: Range): Destination {
  const text = url.replaceAll(/\$\{([^}]+)\}/g, (_, expression: string) =>
    put(expression, from, click, range),
  );
  const { pathname, searchParams } = new URL(text, "http://grafana.test");
  const chosen: Record<string, "all" | string[]> = {};
  for (const key of new Set(searchParams.keys())) {
    const values = searchParams.getAll(key);
    if (key.startsWith("var-")) chosen[key.slice(4)] = values[0] === "$__all" ? "all" : values;
  }
  return {
    path: pathname,
    chosen,
    range: rangeOf(searchParams, range),
    panel: searchParams.get("viewPanel"),
    panes: searchParams.get("panes"),
  };
}

function put(expression: string, { templating }: Dashboard, click: Click, range: Range): string {
  const [what = "", format] = expression.split(":");
  const raw = value(what, click, range);
  if (format === "percentencode") return encodeURIComponent(raw ?? `uid-of-${what}`);
  if (format !== "queryparam") return raw ?? "";
  const variable = templating.list.find(({ name }) => name === what);
  if (variable === undefined) throw new Error(`The link carries ${what}, which is not a variable`);
  return `var-${what}=${variable.type === "datasource" ? "uid" : "$__all"}`;
}

function value(what: string, click: Click, range: Range): string | undefined {
  if (what === "__from") return String(range.from.getTime());
  if (what === "__to") return String(range.to.getTime());
  if (what === "__value.time") return String(click.seconds * 1000);
  if (what === "__value.raw") return present(click.row[click.column], what);
  if (what === "__field.name") return click.column;
  if (what === "__data.fields[0]") return present(Object.values(click.row)[0], what);
  const [, label] = /^__field\.labels\.(\w+)$/.exec(what) ?? [];
  if (label !== undefined) return present(click.labels[label], what);
  const [, heading] = /^__data\.fields\.(\w+)$/.exec(what) ?? [];
  if (heading !== undefined) return present(click.row[heading], what);
  return undefined;
}

function present(text: string | undefined, what: string): string {
  if (text === undefined) throw new Error(`${what} is not in what was clicked`);
  return text;
}

function rangeOf(parameters: URLSearchParams, range: Range): Range {
  const middle = Number(parameters.get("time"));
  const half = Number(parameters.get("time.window")) / 2;
  if (half > 0) return { from: new Date(middle - half), to: new Date(middle + half) };
  const from = parameters.get("from") ?? "";
  if (from === "now-24h") return { from: new Date(range.to.getTime() - 86_400_000), to: range.to };
  return { from: new Date(Number(from)), to: new Date(Number(parameters.get("to"))) };
}
