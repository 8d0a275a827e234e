import { existsSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { LONG } from "./longest-first.ts";
import { ROOT } from "./tarballs.ts";

test("each file that is to begin first is there", () => {
  expect(Object.keys(LONG).filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});
