import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { ROOT } from "./published.ts";
import { git } from "./release/readiness.ts";
import { createRepository, elf, type Repository } from "./testing/repository.ts";

/** Installs, builds and packs: five processes, one after the other. */
const BUILD_TIMEOUT_MS = 120_000;
const LAUNCHER = "packages/launcher-linux-arm64/bin/pyisolate-launcher";

let repository: Repository;

beforeEach(() => {
  repository = createRepository();
});

afterEach(() => {
  repository[Symbol.dispose]();
});

test(
  "--dry-run shows what would be published, in order, of the commit alone, and publishes nothing",
  async () => {
    // Of an earlier build, and not in git: it must not be in the tarball.
    repository.write("packages/library/dist/removed-long-ago.js", "stale");
    await using registry = await startRegistry();
    const { code, stdout, stderr } = await release(["--dry-run"], registry.environment);
    expect({ code, published: registry.published }, stderr).toEqual({ code: 0, published: [] });
    expect(stdout).toMatch(
      /^@pyisolate\/library +0\.3\.0 +4 files +[\d.]+ kB packed +[\d.]+ kB unpacked +LICENSE, README\.md, dist 1, package\.json$/m,
    );
    const order = [...stdout.matchAll(/^@pyisolate\/([\w-]+)/gm)].map(([, name]) => name);
    expect(order).toEqual(["library", "command", "launcher-linux-arm64"]);
    expect(stdout).toMatch(/Dry run: nothing was published\. These 3 packages would be/);
  },
  BUILD_TIMEOUT_MS,
);

test(
  "a launcher for another machine is a problem; programs are told of it with every file and its size",
  async () => {
    repository.write(LAUNCHER, elf(62).toString("latin1"));
    repository.commit();
    const { code, stdout, stderr } = await release(["--dry-run", "--json"]);
    expect(code, stderr).toBe(1);
    const { problems, packages } = JSON.parse(stdout) as {
      problems: string[];
      packages: { name: string; integrity: string; files: { path: string; bytes: number }[] }[];
    };
    expect(problems).toEqual([
      "@pyisolate/launcher-linux-arm64 its pyisolate-launcher is not made for arm64",
    ]);
    expect(packages[0]).toMatchObject({
      name: "@pyisolate/library",
      integrity: expect.stringMatching(/^sha512-/) as unknown,
      files: [
        { path: "LICENSE", bytes: 11 },
        { path: "README.md", bytes: 10 },
        { path: "dist/main.js", bytes: 20 },
        { path: "package.json" },
      ],
    });
  },
  BUILD_TIMEOUT_MS,
);

test("a dirty tree is refused by name, whatever is in it", async () => {
  repository.write("packages/library/note.txt", "not committed");
  const { code, stdout, stderr } = await release(["--dry-run"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/The tree is dirty: commit or remove packages\/library\/note\.txt/);
});

test.each([
  ["without an entry", "## [0.2.0] - 2026-11-27", /says nothing of 0\.3\.0: write it under/],
  [
    "with changes in no version",
    "## [Unreleased]\n\n### Added\n\n- New.\n\n## [0.3.0] - 2026-11-27",
    /1 changes that are in no version/,
  ],
])(
  "a version %s in the changelog is refused before anything is built",
  async (_, heading, message) => {
    const changelog = readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8");
    repository.write("CHANGELOG.md", changelog.replace("## [0.3.0] - 2026-11-27", heading));
    repository.commit();
    const { code, stderr } = await release(["--dry-run"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("Installing");
  },
);

test(
  "--prepare gives all packages a version and the changelog its date; --publish then sends them, what others need first",
  async () => {
    const changelog = readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8");
    repository.write(
      "CHANGELOG.md",
      changelog.replace("## [0.3.0] - 2026-11-27", "## [Unreleased]"),
    );
    repository.commit();
    const prepared = await release(["--prepare", "0.4.0-rc.1"]);
    expect(prepared).toMatchObject({ code: 0, stderr: "" });
    expect(prepared.stdout).toContain("  packages/command/package.json\n");
    expect(readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8")).toMatch(
      /^## \[0\.4\.0-rc\.1\] - \d{4}-\d\d-\d\d$/m,
    );
    repository.commit();
    await using registry = await startRegistry();
    const { code, stdout, stderr } = await release(["--publish"], registry.environment);
    expect({ code, published: registry.published }, stderr).toEqual({
      code: 0,
      published: ["@pyisolate/library", "@pyisolate/command", "@pyisolate/launcher-linux-arm64"],
    });
    expect(stdout).toMatch(/^@pyisolate\/command +0\.4\.0-rc\.1 /m);
  },
  BUILD_TIMEOUT_MS,
);

test("--publish refuses a version that has no date, and publishes nothing", async () => {
  const changelog = readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8");
  repository.write("CHANGELOG.md", changelog.replace("2026-11-27", "Unreleased"));
  repository.commit();
  await using registry = await startRegistry();
  const { code, stderr } = await release(["--publish"], registry.environment);
  expect({ code, published: registry.published }).toEqual({ code: 1, published: [] });
  expect(stderr).toMatch(/no date for 0\.3\.0: pnpm release --prepare 0\.3\.0/);
});

test.each([[["--prepare", "next"]], [["--prepare", "1.0"]]])(
  "%j is refused, and nothing is written",
  async (args) => {
    const { code, stderr } = await release(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/is not a version: write it as 0\.2\.0/);
    expect(git(repository.root, ["status", "--porcelain"])).toBe("");
  },
);

test.each([[[]], [["--dry-run", "--publish"]], [["--json"]], [["--dryrun"]]])(
  "%j is wrong usage and does nothing",
  async (args) => {
    await using registry = await startRegistry();
    const { code, stdout, stderr } = await release(args, registry.environment);
    expect({ code, stdout, published: registry.published }).toEqual({
      code: 2,
      stdout: "",
      published: [],
    });
    expect(stderr).toContain("Usage: pnpm release");
  },
);

async function release(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = path.join(ROOT, "tools/packaging/src/release.ts");
  const { promise, resolve } = Promise.withResolvers<{
    code: number;
    stdout: string;
    stderr: string;
  }>();
  execFile(
    process.execPath,
    [command, ...args],
    { cwd: repository.root, env: { ...process.env, ...environment }, timeout: 100_000 },
    (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    },
  );
  return await promise;
}

/** A registry on loopback that takes every package and remembers its name. */
async function startRegistry(): Promise<
  AsyncDisposable & { readonly published: string[]; readonly environment: NodeJS.ProcessEnv }
> {
  const published: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      const isPublication = request.method === "PUT";
      if (isPublication) published.push(decodeURIComponent(request.url ?? "").slice(1));
      response.writeHead(isPublication ? 201 : 404, { "content-type": "application/json" });
      response.end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    published,
    environment: {
      // pnpm's own, so that npx still finds pnpm where that does not run yet.
      PNPM_CONFIG_REGISTRY: `http://127.0.0.1:${address.port}/`,
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
