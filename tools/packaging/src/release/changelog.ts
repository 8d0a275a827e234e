import { parser } from "keep-a-changelog";

/** What the changelog says of a version. */
export interface Entry {
  /** How many changes it lists. */
  readonly changes: number;
  /** `YYYY-MM-DD`; undefined while it is not released. */
  readonly date: string | undefined;
}

/** A changelog in the form of Keep a Changelog 1.1.0. */
export interface Changelog {
  entryOf(version: string): Entry | undefined;
  /** How many changes stand under no version yet. */
  readonly unreleased: number;
}

/** @throws Error where the text is not a changelog; with the line, where its parser knows it. */
export function readChangelog(text: string): Changelog {
  const { releases } = parsed(text);
  const count = (changes: ReadonlyMap<string, readonly unknown[]>): number =>
    [...changes.values()].reduce((sum, each) => sum + each.length, 0);
  return {
    entryOf(version) {
      const release = releases.find((each) => each.version === version);
      if (release === undefined) return undefined;
      return { changes: count(release.changes), date: release.date?.toISOString().slice(0, 10) };
    },
    unreleased: releases
      .filter(({ version }) => version === undefined)
      .reduce((sum, { changes }) => sum + count(changes), 0),
  };
}

function parsed(text: string): ReturnType<typeof parser> {
  try {
    return parser(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`CHANGELOG.md does not have the form of Keep a Changelog 1.1.0: ${why}`, {
      cause: error,
    });
  }
}

/**
 * The text with its unreleased changes under a version and a date. All else stays as it is.
 *
 * @param date `YYYY-MM-DD`.
 * @throws Error where nothing is unreleased, or the version is released.
 */
export function withRelease(text: string, version: string, date: string): string {
  const changelog = readChangelog(text);
  const released = changelog.entryOf(version)?.date;
  if (released !== undefined)
    throw new Error(`CHANGELOG.md says that ${version} was released on ${released}`);
  const heading = new RegExp(
    String.raw`^## \[(?:Unreleased\]|${RegExp.escape(version)}\] - Unreleased) *$`,
    "im",
  );
  if (!heading.test(text))
    throw new Error(
      `CHANGELOG.md has nothing to release: it needs a heading "## [Unreleased]" or "## [${version}] - Unreleased", with changes`,
    );
  return text.replace(heading, `## [${version}] - ${date}`);
}
