import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUNDLES, cacheKey } from "./bundles.ts";
import { RECIPES } from "./recipes.ts";

test("Collector, Prometheus, Alertmanager and VictoriaLogs are built, and nothing else", () => {
  expect(Object.keys(BUNDLES).toSorted()).toEqual([
    "alertmanager",
    "collector",
    "prometheus",
    "victorialogs",
  ]);
  expect(Object.keys(RECIPES).toSorted()).toEqual(Object.keys(BUNDLES).toSorted());
});

// Loki, Grafana and Tempo are under the AGPL.
test("no recipe names a module of Grafana's", () => {
  const sources = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(import.meta.dirname, name), "utf8"));
  expect(sources.join("\n")).not.toMatch(new RegExp(["github.com", "grafana"].join("/")));
});

test("another version of a server is another place in the cache", () => {
  for (const bundle of ["collector", "prometheus", "alertmanager", "victorialogs"] as const)
    expect(cacheKey(bundle)).toContain(`${bundle}-${BUNDLES[bundle].version}-`);
});
