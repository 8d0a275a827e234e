import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { onTestFinished } from "vitest";

import { temporaryFolder } from "./folder.ts";

const run = promisify(execFile);

/** A file system of so many KiB, for as long as the test runs. */
export async function smallDisk(kib: number): Promise<string> {
  const path = join(await temporaryFolder(), "disk");
  await mkdir(path);
  await run("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", path]);
  onTestFinished(async () => {
    await run("umount", ["-l", path]);
  });
  return path;
}
