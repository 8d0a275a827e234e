import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

const FOLDER = path.join(import.meta.dirname, "escape");

/** The files; what they share lies in `arena/`. */
const hazards = readdirSync(FOLDER).filter((file) => file.endsWith(".ts"));

test.concurrent.each(hazards)(
  "%s: the host lives, the others are unharmed, nothing is forged",
  async (file) => {
    expect(await inFreshProcess(file)).toEqual({ stdout: "pass\n", stderr: "", ending: 0 });
  },
  120_000,
);

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly ending: number | string;
}

async function inFreshProcess(file: string): Promise<Outcome> {
  const args = ["--no-node-snapshot", path.join(FOLDER, file)];
  // A hazard that hangs is ended from here; its supervisor's reaper takes the cells with it.
  const options = { timeout: 110_000, killSignal: "SIGKILL" } as const;
  return await new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const ending = error === null ? 0 : (error.signal ?? error.code ?? "did not start");
      resolve({ stdout, stderr, ending });
    });
  });
}
