import { readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { publishedPackages, ROOT } from "../published.ts";
import { readChangelog, withRelease } from "./changelog.ts";

const TEXT = `# Changelog

What changes.

## [Unreleased]

### Added

- One thing,
  told in two lines.

## [0.1.0] - 2026-11-27

### Fixed

- Another.
`;

test("a released version has its date and its changes, and what is in no version is counted", () => {
  const changelog = readChangelog(TEXT);
  expect(changelog.entryOf("0.1.0")).toEqual({ changes: 1, date: "2026-11-27" });
  expect(changelog.entryOf("0.2.0")).toBeUndefined();
  expect(changelog.unreleased).toBe(1);
});

test("a version that is written and not released has no date", () => {
  const text = TEXT.replace("[Unreleased]", "[0.2.0] - Unreleased");
  expect(readChangelog(text).entryOf("0.2.0")).toEqual({ changes: 1, date: undefined });
});

test.each(["## [Unreleased]", "## [0.2.0] - Unreleased"])(
  "%s becomes a version with a date, and nothing else changes",
  (heading) => {
    const text = TEXT.replace("## [Unreleased]", heading);
    const released = withRelease(text, "0.2.0", "2026-12-01");
    expect(released).toBe(text.replace(heading, "## [0.2.0] - 2026-12-01"));
    expect(readChangelog(released).entryOf("0.2.0")).toEqual({ changes: 1, date: "2026-12-01" });
  },
);

test("a version is released once, and not without changes", () => {
  expect(() => withRelease(TEXT, "0.1.0", "2026-12-01")).toThrow(/released on 2026-11-27/);
  const nothing = TEXT.replace("## [Unreleased]", "## [0.1.1] - 2026-11-28");
  expect(() => withRelease(nothing, "0.2.0", "2026-12-01")).toThrow(/needs a heading/);
});

test("a text in another form is refused, with the line where something does not belong", () => {
  const lost = TEXT.replace("## [Unreleased]\n", "");
  expect(() => readChangelog(lost)).toThrow(/form of Keep a Changelog.* line 6: Unexpected/);
  expect(() => readChangelog("# Changelog\n\n## What is new\n")).toThrow(
    /form of Keep a Changelog/,
  );
});

test("this repository's changelog has the form, and says something of the version that its packages have", () => {
  const changelog = readChangelog(readFileSync(path.join(ROOT, "CHANGELOG.md"), "utf8"));
  const versions = new Set(publishedPackages().map(({ manifest }) => manifest.version));
  expect(versions.size).toBe(1);
  for (const version of versions) expect(changelog.entryOf(version)?.changes).toBeGreaterThan(0);
});
