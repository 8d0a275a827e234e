import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { generated } from "./generated.ts";
import { DASHBOARD_NAMES, QUESTIONS } from "./questions.ts";
import { LOG_STORES } from "./stores/stores.ts";
import { committedDashboards, panelsOf } from "./testing/committed.ts";

test.each(generated().map(({ file, text }) => ({ name: basename(file), file, text })))(
  "the committed $name is the one that is generated: pnpm generate",
  ({ file, text }) => {
    expect(readFileSync(file, "utf8")).toBe(text);
  },
);

test("every panel answers one of the operators' questions", () => {
  const panels = committedDashboards().flatMap((dashboard) =>
    panelsOf(dashboard).map(({ id }) => `${dashboard.uid} ${id}`),
  );
  const answers = QUESTIONS.flatMap(({ dashboard, panel }) =>
    LOG_STORES.map(({ suffix }) => `pyisolate-${dashboard}${suffix} ${panel}`),
  );
  expect(panels.filter((panel) => !answers.includes(panel))).toEqual([]);
});

test("a service that installs telemetry finds the dashboards by the package's name", () => {
  const { resolve } = createRequire(import.meta.url);
  for (const name of DASHBOARD_NAMES.flatMap((each) => [each, `${each}-victorialogs`])) {
    const file = resolve(`@pyisolate/telemetry/dashboards/${name}.json`);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ schemaVersion: 42 });
  }
});
