import { readdirSync, readFileSync } from "node:fs";
import { DASHBOARDS } from "../generated.ts";
import type { LogStore } from "../stores/log-store.ts";
import { LOG_STORES } from "../stores/stores.ts";
import type { Dashboard, Link, Panel } from "./dashboard.ts";

export type * from "./dashboard.ts";

/** Every dashboard in the folder that telemetry ships, generated or not. */
export function committedDashboards(): Dashboard[] {
  return readdirSync(DASHBOARDS)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(DASHBOARDS + file, "utf8")) as Dashboard);
}

/** The store that a dashboard asks for records, by the data source that it has to choose. */
export function storeOf({ uid, templating }: Dashboard): LogStore {
  const store = LOG_STORES.find(({ variable }) =>
    templating.list.some(({ name }) => name === variable),
  );
  if (store === undefined) throw new Error(`${uid} asks no store that is known here`);
  return store;
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
