import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { onTestFinished, type TestContext } from "vitest";

import { temporaryFolder } from "./folder.ts";

const run = promisify(execFile);

/**
 * A file system of so many KiB, for as long as the test runs; without the right to mount one, which root in a container often
 * has not, the test is skipped.
 */
export async function smallDisk(context: TestContext, kib: number): Promise<string> {
  const path = join(await temporaryFolder(), "disk");
  await mkdir(path);
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", path]);
  } catch (error) {
    context.skip(`no small disk can be mounted here: ${String(error)}`);
  }
  onTestFinished(async () => {
    await run("umount", ["-l", path]);
  });
  return path;
}
