import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Ended, runCommand } from "./run-command.ts";

/** How the command ended, and the page where it wrote one. */
export interface Ran extends Ended {
  readonly html: string | undefined;
}

/** Runs the command as a user does, in a folder of its own. */
export async function runReport(args: readonly string[]): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-report-"));
  try {
    const file = join(folder, "page.html");
    const ended = await runCommand(["report", ...args, "--out", file], { cwd: folder });
    const html = await readFile(file, "utf8").catch(() => undefined);
    return { ...ended, html };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
