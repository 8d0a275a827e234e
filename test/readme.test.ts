import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { BUILD_TIMEOUT_MS, createPromtool, serversForTest } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { ROOT } from "./tarballs.ts";

const PAGES = [
  "README.md",
  "SECURITY.md",
  "packages/policy/README.md",
  "packages/sandbox-core/README.md",
  "packages/telemetry/README.md",
  "docs/runbook.md",
  "examples/stack/README.md",
];

test("the README's program and policy are the files that are run", async () => {
  const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
  expect(block(readme, "ts")).toBe(
    await readFile(path.join(ROOT, "examples/quickstart.ts"), "utf8"),
  );
  expect(block(readme, "yaml")).toBe(
    await readFile(path.join(ROOT, "examples/policy.yaml"), "utf8"),
  );
});

test("the README's output is what the program prints, but for ids and the time", async () => {
  const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
  const { stdout } = await promisify(execFile)(process.execPath, ["quickstart.ts"], {
    cwd: path.join(ROOT, "examples"),
    env: {},
  });
  expect(masked(block(readme, "", readme.indexOf("It prints:")))).toBe(masked(stdout));
});

test(
  "a Prometheus with the rules takes the README's lines for one that already runs",
  async (context) => {
    const { promtool } = await serversForTest(context, ["promtool"]);
    const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
    const config = block(readme, "yaml", readme.indexOf("that already run"));
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-readme-"));
    try {
      await cp(path.join(ROOT, "packages/telemetry/rules"), path.join(folder, "rules"), {
        recursive: true,
      });
      const file = path.join(folder, "prometheus.yml");
      await writeFile(file, config);
      const { ok, output } = await createPromtool(promtool).checkConfig(file);
      expect(output).toMatch(/SUCCESS: [1-9]\d* rule files found/);
      expect(ok, output).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  BUILD_TIMEOUT_MS,
);

test.each(PAGES)("every file that %s points to is there", async (page) => {
  const text = await readFile(path.join(ROOT, page), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? "");
  expect(links.filter((link) => !existsSync(path.join(ROOT, path.dirname(page), link)))).toEqual(
    [],
  );
});

function block(markdown: string, language: string, from = 0): string {
  return (
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(markdown.slice(from))?.[1] ?? ""
  );
}

function masked(output: string): string {
  return output.replace(/"id": "[^"]+"/, `"id": "…"`).replace(/"time": "[^"]+"/, `"time": "…"`);
}
