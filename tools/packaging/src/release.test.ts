import { readFileSync } from "node:fs";
import path from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { git } from "./release/readiness.ts";
import { release, startRegistry } from "./testing/release-command.ts";
import { createRepository, elf, type Repository } from "./testing/repository.ts";

/** Installs, builds and packs: five processes, one after the other. */
const BUILD_TIMEOUT_MS = 120_000;
/** Where git's origin of the repository is shown to people. */
const PAGE = "https://git.example.com/team/sandbox";
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
    const { code, stdout, stderr } = await release(
      repository.root,
      ["--dry-run"],
      registry.environment,
    );
    expect({ code, published: registry.published }, stderr).toEqual({ code: 0, published: [] });
    expect(stdout).toMatch(
      /^@pyisolate\/library +0\.3\.0 +4 files +[\d.]+ kB packed +[\d.]+ kB unpacked +LICENSE, README\.md, dist 1, package\.json$/m,
    );
    const order = [...stdout.matchAll(/^@pyisolate\/([\w-]+)/gm)].map(([, name]) => name);
    expect(order).toEqual(["library", "command", "launcher-linux-arm64"]);
    expect(stdout).toMatch(/Dry run: nothing was published\. These 3 packages would be/);
    expect(stdout).toMatch(
      /^--publish would be refused: 3 manifests have no address of the repository\. pnpm release --prepare VERSION writes it\.$/m,
    );
  },
  BUILD_TIMEOUT_MS,
);

test(
  "a launcher for another machine is a problem; programs are told of it with every file and its size",
  async () => {
    repository.write(LAUNCHER, elf(62).toString("latin1"));
    repository.commit();
    const { code, stdout, stderr } = await release(repository.root, ["--dry-run", "--json"]);
    expect(code, stderr).toBe(1);
    const { problems, refusedToPublish, packages } = JSON.parse(stdout) as {
      problems: string[];
      refusedToPublish: string[];
      packages: { name: string; integrity: string; files: { path: string; bytes: number }[] }[];
    };
    expect(problems).toEqual([
      "@pyisolate/launcher-linux-arm64 its pyisolate-launcher is not made for arm64",
    ]);
    expect(refusedToPublish).toHaveLength(3);
    expect(packages[0]).toMatchObject({
      name: "@pyisolate/library",
      repository: null,
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
  const { code, stdout, stderr } = await release(repository.root, ["--dry-run"]);
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
    const { code, stderr } = await release(repository.root, ["--dry-run"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("Installing");
  },
);

test(
  "--prepare gives all packages a version and git's origin and the changelog its date; --publish then sends them, what others need first",
  async () => {
    const changelog = readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8");
    repository.write(
      "CHANGELOG.md",
      changelog.replace("## [0.3.0] - 2026-11-27", "## [Unreleased]"),
    );
    repository.commit();
    const prepared = await release(repository.root, ["--prepare", "0.4.0-rc.1"]);
    expect(prepared).toMatchObject({ code: 0, stderr: "" });
    expect(prepared.stdout).toContain("  packages/command/package.json\n");
    expect(repository.manifest("command")).toMatchObject({
      version: "0.4.0-rc.1",
      homepage: `${PAGE}#readme`,
      bugs: { url: `${PAGE}/issues` },
      repository: { type: "git", url: `git+${PAGE}.git`, directory: "packages/command" },
    });
    expect(readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8")).toMatch(
      /^## \[0\.4\.0-rc\.1\] - \d{4}-\d\d-\d\d$/m,
    );
    repository.commit();
    await using registry = await startRegistry();
    const { code, stdout, stderr } = await release(
      repository.root,
      ["--publish"],
      registry.environment,
    );
    expect({ code, published: registry.published }, stderr).toEqual({
      code: 0,
      published: ["@pyisolate/library", "@pyisolate/command", "@pyisolate/launcher-linux-arm64"],
    });
    expect(stdout).toMatch(
      /^@pyisolate\/command +0\.4\.0-rc\.1 .* https:\/\/git\.example\.com\/team\/sandbox, packages\/command$/m,
    );
    expect(stdout + stderr).not.toMatch(/s3cret|would be refused/);
  },
  BUILD_TIMEOUT_MS,
);

test("--publish refuses a version that has no date, and publishes nothing", async () => {
  const changelog = readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8");
  repository.write("CHANGELOG.md", changelog.replace("2026-11-27", "Unreleased"));
  repository.commit();
  await using registry = await startRegistry();
  const { code, stderr } = await release(repository.root, ["--publish"], registry.environment);
  expect({ code, published: registry.published }).toEqual({ code: 1, published: [] });
  expect(stderr).toMatch(/no date for 0\.3\.0: pnpm release --prepare 0\.3\.0/);
});

test.each([[["--prepare", "next"]], [["--prepare", "1.0"]]])(
  "%j is refused, and nothing is written",
  async (args) => {
    const { code, stderr } = await release(repository.root, args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/is not a version: write it as 0\.2\.0/);
    expect(git(repository.root, ["status", "--porcelain"])).toBe("");
  },
);

test.each([
  [[]],
  [["--dry-run", "--publish"]],
  [["--json"]],
  [["--dryrun"]],
  [["--dry-run", "--repository", "https://github.com/team/sandbox"]],
])("%j is wrong usage and does nothing", async (args) => {
  await using registry = await startRegistry();
  const { code, stdout, stderr } = await release(repository.root, args, registry.environment);
  expect({ code, stdout, published: registry.published }).toEqual({
    code: 2,
    stdout: "",
    published: [],
  });
  expect(stderr).toContain("Usage: pnpm release");
});
