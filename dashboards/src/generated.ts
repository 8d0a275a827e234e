import { fileURLToPath } from "node:url";
import { denialsDashboard } from "./denials.ts";
import { healthDashboard } from "./health.ts";
import { questionsPage } from "./questions-page.ts";

/** Where the dashboards are that telemetry ships. */
export const DASHBOARDS = fileURLToPath(
  new URL("../../packages/telemetry/dashboards/", import.meta.url),
);

const QUESTIONS_PAGE = fileURLToPath(new URL("../../docs/questions.md", import.meta.url));

/** Every file that `pnpm generate` writes. */
export function generated(): readonly { readonly file: string; readonly text: string }[] {
  const dashboards = { denials: denialsDashboard(), "telemetry-health": healthDashboard() };
  return [
    ...Object.entries(dashboards).map(([name, dashboard]) => ({
      file: `${DASHBOARDS}${name}.json`,
      text: `${JSON.stringify(dashboard, null, 2)}\n`,
    })),
    { file: QUESTIONS_PAGE, text: questionsPage(Object.values(dashboards)) },
  ];
}
