import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Prometheus, VictoriaLogs } from "@pyisolate/stack";

import type { Dashboard } from "../../tools/dashboards/src/testing/dashboard.ts";
import { type Chosen, Grafana, type Row } from "../../tools/dashboards/src/testing/grafana.ts";

/** A dashboard that the package ships. */
export type DashboardName = "denials" | "telemetry-health";

/** The panels of the shipped dashboards, asked as Grafana asks. */
export class Panels {
  readonly #grafana: Grafana;
  readonly #dashboards = {
    denials: shipped("denials"),
    "telemetry-health": shipped("telemetry-health"),
  };

  constructor(prometheus: Prometheus, store: VictoriaLogs) {
    this.#grafana = new Grafana(prometheus, store);
  }

  /** What the panel shows of the quarter of an hour up to `to`. */
  async ask(
    name: DashboardName,
    title: string,
    chosen: Chosen = {},
    to = new Date(),
  ): Promise<Row[]> {
    const dashboard = this.#dashboards[name];
    const panel = dashboard.panels.find((one) => one.title === title && one.type !== "row");
    if (panel === undefined) throw new Error(`There is no panel ${title} on ${name}.`);
    const range = { from: new Date(to.getTime() - 900_000), to };
    return (await this.#grafana.panel(dashboard, panel, chosen, range)).flat();
  }
}

function shipped(name: DashboardName): Dashboard {
  const file = fileURLToPath(
    import.meta.resolve(`@pyisolate/telemetry/dashboards/${name}-victorialogs.json`),
  );
  return JSON.parse(readFileSync(file, "utf8")) as Dashboard;
}
