import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { publishedPackages } from "../published.ts";
import { readChangelog } from "./changelog.ts";
import { addressProblems } from "./manifest-address.ts";

/** Files that git says are changed or new and are named in the refusal. */
const MOST_FILES = 5;

/**
 * Why a tree cannot be released, before anything is built: one sentence a reason, each with what to do.
 *
 * @param forPublication Whether it shall be published now, which needs a date.
 */
export function reasonsNotToRelease(root: string, forPublication: boolean): string[] {
  const packages = publishedPackages(root);
  const versions = new Set(packages.map(({ manifest }) => manifest.version));
  const [version = ""] = versions;
  const address = addressProblems(root, packages);
  return [
    ...uncommitted(root),
    ...address.wrong,
    ...(forPublication ? address.missing : []),
    ...(versions.size > 1
      ? [
          `The packages have several versions (${[...versions].join(", ")}): pnpm release --prepare VERSION`,
        ]
      : changelogReasons(path.join(root, "CHANGELOG.md"), version, forPublication)),
  ];
}

function uncommitted(root: string): string[] {
  const files = git(root, ["status", "--porcelain"])
    .split("\n")
    .filter((line) => line !== "");
  if (files.length === 0) return [];
  const shown = files.slice(0, MOST_FILES).map((line) => line.slice(3));
  const more = files.length > shown.length ? ` and ${files.length - shown.length} more` : "";
  return [`The tree is dirty: commit or remove ${shown.join(", ")}${more}`];
}

function changelogReasons(file: string, version: string, forPublication: boolean): string[] {
  if (!existsSync(file)) return ["There is no CHANGELOG.md"];
  let changelog;
  try {
    changelog = readChangelog(readFileSync(file, "utf8"));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const entry = changelog.entryOf(version);
  const prepare = `pnpm release --prepare ${version}`;
  if (entry === undefined || entry.changes === 0)
    return [
      `CHANGELOG.md says nothing of ${version}: write it under "## [Unreleased]", then ${prepare}`,
    ];
  return [
    ...(changelog.unreleased > 0
      ? [
          `CHANGELOG.md has ${changelog.unreleased} changes that are in no version: pnpm release --prepare VERSION`,
        ]
      : []),
    ...(forPublication && entry.date === undefined
      ? [`CHANGELOG.md has no date for ${version}: ${prepare}`]
      : []),
  ];
}

/** What git prints. @throws Error with what git says where it fails. */
export function git(root: string, args: readonly string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" });
}
