import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

test("cells that come and go leave no process, no descriptor and no memory behind in their host", async () => {
  const program = join(import.meta.dirname, "../testing/leaks.mts");
  const { stdout } = await promisify(execFile)(process.execPath, [program, "120"], {
    timeout: 160_000,
  });
  const { running, descriptors, heapKibACell } = JSON.parse(stdout) as {
    readonly running: number;
    readonly descriptors: readonly number[];
    readonly heapKibACell: number;
  };
  expect(running).toBe(0);
  // A waiting process or two more or less, each with its pipes and what it is watched by.
  expect(Math.max(...descriptors) - Math.min(...descriptors)).toBeLessThanOrEqual(16);
  // A cell's book-keeping in the host is some 50 KiB while it lives: kept, it would show.
  expect(heapKibACell).toBeLessThan(8);
}, 180_000);
