import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { publishedPackages } from "../published.ts";
import { withRelease } from "./changelog.ts";

/** MAJOR.MINOR.PATCH, and a pre-release such as -rc.1 (Semantic Versioning 2.0.0, without build metadata). */
const VERSION = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * Gives every published package, and the instrumentation scope of telemetry, a version, and the changelog's unreleased changes that version and a date.
 *
 * @param date `YYYY-MM-DD`.
 * @returns the files that were written, relative to the root.
 * @throws Error where the version is not of that form, or the changelog has nothing to release: then nothing is written.
 */
export function prepare(root: string, version: string, date: string): string[] {
  if (!VERSION.test(version))
    throw new Error(`${JSON.stringify(version)} is not a version: write it as 0.2.0 or 0.2.0-rc.1`);
  const changelog = path.join(root, "CHANGELOG.md");
  const released = withRelease(readFileSync(changelog, "utf8"), version, date);
  const manifests = publishedPackages(root).map(({ folder }) => path.join(folder, "package.json"));
  for (const file of manifests) {
    // The one line, so that the file's form stays as it is.
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/^( {2}"version": )"[^"]*"/m, `$1"${version}"`));
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
