import { fileURLToPath } from "node:url";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { denialsDashboard } from "./denials.ts";
import { healthDashboard } from "./health.ts";
import { type DashboardName, DASHBOARD_NAMES } from "./questions.ts";
import { questionsPage } from "./questions-page.ts";
import type { LogStore } from "./stores/log-store.ts";
import { LOG_STORES } from "./stores/stores.ts";

/** Where the dashboards are that telemetry ships. */
export const DASHBOARDS = fileURLToPath(
  new URL("../../../packages/telemetry/dashboards/", import.meta.url),
);

const QUESTIONS_PAGE = fileURLToPath(new URL("../../../docs/questions.md", import.meta.url));

const BUILDERS: Readonly<Record<DashboardName, (store: LogStore) => Dashboard>> = {
  denials: denialsDashboard,
  "telemetry-health": healthDashboard,
};

/** Every file that `pnpm generate` writes. */
export function generated(): readonly { readonly file: string; readonly text: string }[] {
  const dashboards = LOG_STORES.flatMap((store) =>
    DASHBOARD_NAMES.map((name) => ({ name, store, dashboard: BUILDERS[name](store) })),
  );
  return [
    ...dashboards.map(({ name, store, dashboard }) => ({
      file: `${DASHBOARDS}${name}${store.suffix}.json`,
      text: `${JSON.stringify(dashboard, null, 2)}\n`,
    })),
    { file: QUESTIONS_PAGE, text: questionsPage(dashboards) },
  ];
}
