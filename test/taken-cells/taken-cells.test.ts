import { execFile } from "node:child_process";
import path from "node:path";

import { expect, test } from "vitest";

/** Scripts that are played; a run by hand plays 100,000 (PYISOLATE_FUZZ_SCRIPTS). */
const SCRIPTS = Number(process.env["PYISOLATE_FUZZ_SCRIPTS"] ?? 300);
/** What fast-check begins with; a failure tells its own. */
const SEED = process.env["PYISOLATE_FUZZ_SEED"] ?? "1";
/** A script takes 30 to 100 ms on two busy cores. */
const PATIENCE_MS = 60_000 + SCRIPTS * 400;

test.each([
  ["processes that are played by one", "fast", SCRIPTS],
  ["processes of their own", "processes", Math.ceil(SCRIPTS / 10)],
])(
  "taken cells, %s, say anything on both channels: the host's loop turns, each call ends as documented, each cell once, and nothing is left",
  async (_what, mode, count) => {
    const seen = await host(mode, count);
    expect(seen, `seed ${SEED}`).toMatchObject({ failed: false, error: null });
    expect(seen.descriptors.after).toBe(seen.descriptors.before);
    expect(seen.growth ?? 0).toBeLessThan(24 * 1024 * 1024);
  },
  PATIENCE_MS,
);

interface Seen {
  readonly failed: boolean;
  readonly error: string | null;
  readonly counterexample: unknown;
  readonly growth: number | null;
  readonly descriptors: { readonly before: number; readonly after: number };
}

async function host(mode: string, count: number): Promise<Seen> {
  const args = [
    "--expose-gc",
    "--no-node-snapshot",
    path.join(import.meta.dirname, "host.ts"),
    mode,
    String(count),
    SEED,
  ];
  const options = { timeout: PATIENCE_MS, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Seen);
      else reject(new Error(`the host ended (${error.signal ?? error.code}): ${stderr}`));
    });
  });
}
