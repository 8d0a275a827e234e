import { readdirSync, readFileSync } from "node:fs";
import { DASHBOARDS } from "../generated.ts";

export interface DataSourceRef {
  readonly type?: string;
  readonly uid?: string;
}

export interface Target {
  refId: string;
  expr: string;
  datasource: DataSourceRef;
  instant?: boolean;
  queryType?: string;
  maxLines?: number;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: DataSourceRef;
  interval?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: {
    defaults: { unit?: string; links?: Link[]; custom?: unknown };
    overrides: { matcher: { options: string }; properties: { id: string; value: unknown }[] }[];
  };
  transformations?: { options: { renameByName?: Record<string, string> } }[];
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface Variable {
  name: string;
  type: string;
  label?: string;
  query?: string;
  datasource?: DataSourceRef;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  regex?: string;
  refresh?: number;
}

export interface Annotation {
  name: string;
  datasource: DataSourceRef;
  expr: string;
  target: { expr: string };
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
}

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  schemaVersion: number;
  editable: boolean;
  tags: string[];
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: Annotation[] };
  links: { type: string; url: string; includeVars: boolean; keepTime: boolean }[];
}

/** Every dashboard in the folder that telemetry ships, whoever put it there. */
export function committedDashboards(): Dashboard[] {
  return readdirSync(DASHBOARDS)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(DASHBOARDS + file, "utf8")) as Dashboard);
}

/** Its panels, without the headings of rows. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.filter(({ type }) => type !== "row");
}

/** Every query of a dashboard, panels' and annotations', with where it stands. */
export function queriesOf(dashboard: Dashboard) {
  const ofPanels = panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, datasource }) => ({ where: panel.title, expr, datasource })),
  );
  const ofAnnotations = dashboard.annotations.list.map(({ name, expr, datasource }) => ({
    where: name,
    expr,
    datasource,
  }));
  return [...ofPanels, ...ofAnnotations];
}

/** Every link that leads away from a value. */
export function dataLinksOf(panel: Panel): Link[] {
  const { defaults, overrides } = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  const overriding = overrides.flatMap(({ properties }) =>
    properties.filter(({ id }) => id === "links").flatMap(({ value }) => value as Link[]),
  );
  return [...(defaults.links ?? []), ...overriding];
}
