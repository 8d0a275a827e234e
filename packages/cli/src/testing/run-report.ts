import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How the command ended, and the page where it wrote one. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly html: string | undefined;
}

const CLI = fileURLToPath(new URL("../report/cli.ts", import.meta.url));

/** Runs the command as a user does, in a folder of its own. */
export async function runReport(args: readonly string[]): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-report-"));
  try {
    const file = join(folder, "page.html");
    const { promise, resolve } = Promise.withResolvers<Omit<Ran, "html">>();
    execFile(
      process.execPath,
      [CLI, ...args, "--out", file],
      { cwd: folder, timeout: 120_000, maxBuffer: 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    const ended = await promise;
    const html = await readFile(file, "utf8").catch(() => undefined);
    return { ...ended, html };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
