import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./command.ts";

async function cli(...args: string[]) {
  const cache = await mkdtemp(join(tmpdir(), "stack-cli-"));
  const env = { PATH: "", PYISOLATE_CACHE: cache, PYISOLATE_GO: "none" };
  try {
    return await runCommand(process.execPath, [join(import.meta.dirname, "cli.ts"), ...args], {
      env,
    });
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

test("--help goes to standard output and is not a failure", async () => {
  const { code, stdout } = await cli("--help");
  expect(code).toBe(0);
  expect(stdout).toContain("PYISOLATE_OTELCOL");
});

test.for([[[]], [["bulid"]], [["build", "find"]], [["--hlep"]]])(
  "%j is wrong usage",
  async ([args]) => {
    const { code, stdout, output } = await cli(...(args ?? []));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(output).toContain("Usage:");
  },
);

test("what cannot be had is said, without a stack trace", async () => {
  const built = await cli("build");
  expect(built.code).toBe(1);
  expect(built.output).toMatch(/^No otelcol, prometheus, promtool .* Install Go .*\n$/);
  expect((await cli("build", "victoria-logs")).output).toMatch(
    /^No victoria-logs on .* set PYISOLATE_VICTORIALOGS\.\n$/,
  );
  expect((await cli("build", "all")).output).toMatch(
    /^No otelcol, .*, victoria-logs, alertmanager, amtool on /,
  );
  const found = await cli("find");
  expect(found.code).toBe(1);
  expect(found.output).toContain("cli.js build");
});
