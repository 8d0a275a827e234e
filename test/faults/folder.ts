import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

/** A folder that is there as long as the test runs. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "pyisolate-faults-"));
  onTestFinished(async () => {
    await rm(path, { recursive: true, force: true });
  });
  return path;
}
