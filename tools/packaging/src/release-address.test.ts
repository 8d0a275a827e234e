import { readFileSync } from "node:fs";
import path from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { git } from "./release/readiness.ts";
import { release, startRegistry } from "./testing/release-command.ts";
import { createRepository, type Repository } from "./testing/repository.ts";

let repository: Repository;

beforeEach(() => {
  repository = createRepository();
});

afterEach(() => {
  repository[Symbol.dispose]();
});

test("--repository wins over git's origin, and can put an address right after the first time", async () => {
  await release(repository.root, ["--prepare", "0.3.0"]);
  const changelog = readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8");
  const url = "https://token:s3cret@github.com/other/place";
  const { code, stdout, stderr } = await release(repository.root, [
    "--prepare",
    "0.3.0",
    "--repository",
    url,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toContain("s3cret");
  for (const name of ["library", "command", "launcher-linux-arm64"]) {
    expect(repository.manifest(name)).toMatchObject({
      repository: { url: "git+https://github.com/other/place.git", directory: `packages/${name}` },
    });
  }
  expect(readFileSync(path.join(repository.root, "CHANGELOG.md"), "utf8")).toBe(changelog);
});

test.each<[string, readonly string[], (here: Repository) => void, RegExp]>([
  [
    "no origin",
    [],
    (here) => here.git("remote", "remove", "origin"),
    /no remote "origin": pass --repository https:\/\/HOST\/OWNER\/NAME/,
  ],
  [
    "a proxy of one machine as origin",
    [],
    (here) =>
      here.git("remote", "set-url", "origin", "http://u:s3cret@127.0.0.1:4321/team/sandbox"),
    /The address of git's origin is of http on a port of its own.*: pass --repository/,
  ],
  [
    "a folder for --repository",
    ["--repository", "../sandbox"],
    () => undefined,
    /--repository is a folder.*: write it as https:\/\/HOST\/OWNER\/NAME/,
  ],
])(
  "--prepare with %s is refused with what to do, and nothing is written",
  async (_, args, change, message) => {
    change(repository);
    const { code, stdout, stderr } = await release(repository.root, [
      "--prepare",
      "0.3.0",
      ...args,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("s3cret");
    expect(git(repository.root, ["status", "--porcelain"])).toBe("");
  },
);

test("--publish refuses packages without an address by name, and publishes nothing", async () => {
  await using registry = await startRegistry();
  const { code, stdout, stderr } = await release(
    repository.root,
    ["--publish"],
    registry.environment,
  );
  expect({ code, stdout, published: registry.published }).toEqual({
    code: 1,
    stdout: "",
    published: [],
  });
  for (const name of ["library", "command", "launcher-linux-arm64"])
    expect(stderr).toContain(
      `@pyisolate/${name} has no repository, bugs, homepage: pnpm release --prepare VERSION writes it`,
    );
});

test.each(["--publish", "--dry-run"])(
  "%s refuses an address that names another package's directory, before anything is built",
  async (option) => {
    await release(repository.root, ["--prepare", "0.3.0"]);
    const text = readFileSync(path.join(repository.root, "packages/command/package.json"), "utf8");
    repository.write(
      "packages/command/package.json",
      text.replace("packages/command", "packages/library"),
    );
    repository.commit();
    await using registry = await startRegistry();
    const { code, stdout, stderr } = await release(repository.root, [option], registry.environment);
    expect({ code, stdout, published: registry.published }).toEqual({
      code: 1,
      stdout: "",
      published: [],
    });
    expect(stderr).toMatch(/@pyisolate\/command names another directory .* than packages\/command/);
    expect(stderr).not.toContain("Installing");
  },
);
