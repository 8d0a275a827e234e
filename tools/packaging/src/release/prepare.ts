import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { publishedPackages } from "../published.ts";
import { readChangelog, withRelease } from "./changelog.ts";
import { withAddress } from "./manifest-address.ts";

/** MAJOR.MINOR.PATCH, and a pre-release such as -rc.1 (Semantic Versioning 2.0.0, without build metadata). */
const VERSION = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * Gives every published package a version and the repository's address, the instrumentation scope of telemetry that version,
 * and the changelog's unreleased changes that version and a date. A changelog that has the date already keeps it: so the
 * address can be put right after the first time.
 *
 * @param date `YYYY-MM-DD`.
 * @param page gives the page of the repository, `https://HOST/OWNER/NAME`.
 * @returns the files that were written, relative to the root.
 * @throws Error where the version is not of that form, the changelog has nothing to release, or `page` throws: then nothing is written.
 */
export function prepare(root: string, version: string, date: string, page: () => string): string[] {
  if (!VERSION.test(version))
    throw new Error(`${JSON.stringify(version)} is not a version: write it as 0.2.0 or 0.2.0-rc.1`);
  const packages = publishedPackages(root);
  const changelog = path.join(root, "CHANGELOG.md");
  const text = readFileSync(changelog, "utf8");
  const isPrepared =
    packages.every(({ manifest }) => manifest.version === version) && hasDate(text, version);
  const released = isPrepared ? text : withRelease(text, version, date);
  const address = page();
  const manifests = packages.map(({ folder }) => path.join(folder, "package.json"));
  for (const file of manifests) {
    const directory = path.relative(root, path.dirname(file));
    writeFileSync(file, withAddress(readFileSync(file, "utf8"), version, address, directory));
  }
  const scope = path.join(root, "packages/telemetry/src/instrumentation-scope.ts");
  const scopes = existsSync(scope) ? [scope] : [];
  for (const file of scopes) {
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/(\bversion: )"[^"]*"/, `$1"${version}"`));
  }
  writeFileSync(changelog, released);
  return [...manifests, ...scopes, changelog].map((file) => path.relative(root, file));
}

function hasDate(text: string, version: string): boolean {
  const changelog = readChangelog(text);
  return changelog.unreleased === 0 && changelog.entryOf(version)?.date !== undefined;
}
