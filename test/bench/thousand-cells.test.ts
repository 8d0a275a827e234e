import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

test("the run of a thousand cells, with eight: all answer, all end, nothing is left", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    path.join(import.meta.dirname, "thousand-cells.ts"),
    "--cells=8",
    "--within=60",
  ]);
  expect(stdout).toContain("All answered, all ended, no process and no descriptor is left.");
  expect(stdout).not.toContain("FAILED");
}, 90_000);
