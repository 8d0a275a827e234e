import { readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { SCOPE } from "./instrumentation-scope.ts";

test("the scope has the package's name and version", () => {
  const manifest = path.join(import.meta.dirname, "../package.json");
  expect(JSON.parse(readFileSync(manifest, "utf8"))).toMatchObject(SCOPE);
});
