import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { BUILD_TIMEOUT_MS, serversForTest } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { ROOT } from "./tarballs.ts";

/** Runs the demo as `pnpm demo` does; rejects where it does not exit with 0. */
async function demo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["tools/demo/demo.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  return stdout;
}

const CAPABILITIES = ["filesystem", "network", "subprocess", "random", "import", "control"];

test("the embedded half shows six refusals, one of the kernel's, and their counters, and needs no server", async () => {
  const shown = await demo(["--embedded"]);
  for (const capability of CAPABILITIES) expect(shown).toContain(`✗ ${capability}`);
  expect(shown).toContain(`pyisolate_denials_total{pyisolate_cell="tenant-a"} 5`);
  // The kernel's, of what a broken broker allows.
  expect(shown).toMatch(/read:\/etc\/passwd .*reason=kernel broker=allow kernel=deny/);
  expect(shown).toContain("The broker said yes, the kernel said no");
  expect(shown).toContain(`pyisolate_denials_total{pyisolate_cell="tenant-b"} 1`);
  expect(shown).not.toContain("The whole road");
});

test("with neither Go nor servers it says after the embedded half what is missing, and exits with 0", async () => {
  const empty = await mkdtemp(path.join(tmpdir(), "pyisolate-no-servers-"));
  try {
    const shown = await demo([], { PYISOLATE_GO: "none", PYISOLATE_CACHE: empty, PATH: empty });
    expect(shown).toContain("✗ filesystem");
    expect(shown).toMatch(/No otelcol.* on this machine.*Install Go/);
  } finally {
    await rm(empty, { recursive: true });
  }
});

test(
  "all counts agree at the end of the whole road, and nothing is left running",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    await serversForTest({ skip });
    const shown = await demo([]);
    expect(shown).toMatch(/filesystem +data +kernel +allow +deny +1$/m);
    expect(shown).toContain("17 (ERROR)");
    expect(shown).toContain("Yes: one denial, one event, one record, one count.");
    expect(shown).not.toContain("Left running");
  },
);

test(
  "--keep leaves servers that answer, and tells how to end them",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    await serversForTest({ skip });
    const shown = await demo(["--keep"]);
    const pids = /kill (\d+) (\d+)/.exec(shown)?.slice(1).map(Number) ?? [];
    const url = /Prometheus +(http:\S+)/.exec(shown)?.[1] ?? "";
    const log = /log file +(\S+)/.exec(shown)?.[1] ?? "";
    try {
      expect(pids).toHaveLength(2);
      expect((await fetch(`${url}/-/ready`)).status).toBe(200);
      expect(existsSync(log)).toBe(true);
    } finally {
      for (const pid of pids) process.kill(pid, "SIGTERM");
      if (log !== "") await rm(path.dirname(log), { recursive: true, force: true });
    }
  },
);

test("a wrong option is told, with the usage, and exits with 2", async () => {
  await expect(demo(["--wat"])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Usage: pnpm demo") as string,
  });
});
