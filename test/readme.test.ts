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
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "packages/cli/README.md",
  "packages/policy/README.md",
  "packages/sandbox-core/README.md",
  "packages/telemetry/README.md",
  "docs/architecture.md",
  "docs/benchmarks.md",
  "docs/containers.md",
  "docs/getting-started.md",
  "docs/guests.md",
  "docs/operating.md",
  "docs/questions.md",
  "docs/runbook.md",
  "tools/stack/README.md",
];

// No Collector listens: each of the two programs waits ten seconds for one, and they wait at once.
test.concurrent("the README's program and policy are the files that are run", async () => {
  const readme = await page("README.md");
  expect(block(readme, "ts")).toBe(await page("examples/quickstart.ts"));
  expect(block(readme, "yaml")).toBe(await page("examples/policy.yaml"));
  const { stdout } = await run("quickstart.ts");
  expect(block(readme, "", readme.indexOf("```\nPolicyError"))).toBe(stdout);
});

test.concurrent("the first page after it shows a program, and what that prints but for ids and the time", async () => {
  const started = await page("docs/getting-started.md");
  expect(block(started, "ts")).toBe(await page("examples/one-denial.ts"));
  const { stdout } = await run("one-denial.ts");
  expect(masked(block(started, "", started.indexOf("It prints:")))).toBe(masked(stdout));
});

test("the README's install lines have every peer of telemetry, of the one train that it is tested with", async () => {
  const readme = await page("README.md");
  const { peerDependencies } = JSON.parse(await page("packages/telemetry/package.json")) as {
    peerDependencies: Record<string, string>;
  };
  const catalog = await page("pnpm-workspace.yaml");
  const tested = (name: string) => catalog.split(`"${name}": `)[1]?.split("\n")[0] ?? "";
  const peers = Object.keys(peerDependencies).map((name) => `${name}@${tested(name)}`);
  for (const what of ["With `startTelemetry`", "All three packages"]) {
    const lines = commands(block(readme, "bash", readme.indexOf(what)));
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line.match(/@opentelemetry\/\S+/g)?.toSorted()).toEqual(peers.toSorted());
  }
});

/** The commands of a block of Bash, each in one line and with its braces expanded. */
function commands(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, "")
    .replaceAll(/(\S*)\{([^}]*)\}(\S*)/g, (_, before: string, names: string, after: string) =>
      names
        .split(",")
        .map((name) => `${before}${name}${after}`)
        .join(" "),
    )
    .trimEnd()
    .split("\n");
}

test(
  "a Prometheus with the rules takes the operators' lines for one that already runs",
  async (context) => {
    const { promtool } = await serversForTest(context, ["promtool"]);
    const operating = await page("docs/operating.md");
    const config = block(operating, "yaml", operating.indexOf("that already run"));
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

test.each(PAGES)("every file that %s points to is there", async (name) => {
  const text = await page(name);
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? "");
  expect(links.filter((link) => !existsSync(path.join(ROOT, path.dirname(name), link)))).toEqual(
    [],
  );
});

async function page(name: string): Promise<string> {
  return await readFile(path.join(ROOT, name), "utf8");
}

async function run(example: string): Promise<{ stdout: string }> {
  return await promisify(execFile)(process.execPath, [example], {
    cwd: path.join(ROOT, "examples"),
    env: {},
  });
}

function block(markdown: string, language: string, from = 0): string {
  return (
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(markdown.slice(from))?.[1] ?? ""
  );
}

function masked(output: string): string {
  return output.replace(/"id": "[^"]+"/, `"id": "…"`).replace(/"time": "[^"]+"/, `"time": "…"`);
}
