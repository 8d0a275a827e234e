import { failureText } from "./failure-text.ts";
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";

import { pnpmCommand } from "./pnpm-command.ts";
import { publishedPackages } from "./published.ts";
import { buildCommit } from "./release/build.ts";
import { prepare } from "./release/prepare.ts";
import { problemsOf, tableOf } from "./release/proof.ts";
import { git, reasonsNotToRelease } from "./release/readiness.ts";

const HELP = `Usage: pnpm release --prepare VERSION | --dry-run [--json] | --publish

  --prepare VERSION  gives every package this version, and the unreleased changes in CHANGELOG.md this version and today's
                     date; commit what it wrote
  --dry-run          builds the commit in an empty folder, packs every package, checks what is in the tarballs and shows what
                     would be published, in which order; publishes nothing
  --json             with --dry-run: the same for programs, with every file and its size
  --publish          does the same, and then publishes

Without one of the three it does nothing. A dirty tree, packages of several versions and a version that CHANGELOG.md says
nothing of are refused before anything is built. Exit code: 0; 1 where something is refused or wrong; 2 for wrong usage.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let values;
  try {
    values = parseArgs({
      args: [...args],
      options: {
        prepare: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        publish: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${failureText(error)}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { prepare: version, publish, json } = values;
  const asked = [version !== undefined, values["dry-run"], publish].filter(Boolean).length;
  if (asked !== 1 || (json && !values["dry-run"])) {
    console.error(HELP);
    return 2;
  }
  // The folder it is run in, so that a clone can be released, and a test has its own.
  const root = git(process.cwd(), ["rev-parse", "--show-toplevel"]).trim();
  try {
    if (version === undefined) return await prove(root, { publish, json });
    const files = prepare(root, version, new Date().toISOString().slice(0, 10));
    console.log(`Written, to be committed:\n${files.map((file) => `  ${file}`).join("\n")}`);
    return 0;
  } catch (error) {
    console.error(failureText(error));
    return 1;
  }
}

async function prove(
  root: string,
  { publish, json }: { readonly publish: boolean; readonly json: boolean },
): Promise<number> {
  const reasons = reasonsNotToRelease(root, publish);
  if (reasons.length > 0) {
    console.error(`Not released:\n${reasons.map((reason) => `  ${reason}`).join("\n")}`);
    return 1;
  }
  const commit = git(root, ["rev-parse", "HEAD"]).trim();
  using built = await buildCommit(root, commit, (line) => console.error(line));
  const { tarballs, failures } = built;
  const expected = publishedPackages(root).map(({ manifest }) => manifest);
  const problems = [...failures, ...problemsOf(tarballs, expected)];
  if (json) {
    const packages = tarballs.map(({ manifest: { name, version }, files, bytes, integrity }) => {
      return { name, version, bytes, integrity, files };
    });
    console.log(JSON.stringify({ commit, problems, packages }, undefined, 2));
  } else {
    console.log(tableOf(tarballs));
    for (const problem of problems) console.log(`PROBLEM: ${problem}`);
  }
  if (problems.length > 0) return 1;
  if (!publish) {
    if (!json)
      console.log(
        `Dry run: nothing was published. These ${tarballs.length} packages would be, in this order, built from ${commit.slice(0, 12)} alone.`,
      );
    return 0;
  }
  for (const { file, manifest } of tarballs) {
    const [command, ...first] = pnpmCommand();
    // The tree was looked at above, and the tarball is in no repository.
    const args = [...first, "publish", file, "--access", "public", "--no-git-checks"];
    execFileSync(command, args, { stdio: "inherit" });
    console.log(`Published ${manifest.name} ${manifest.version}`);
  }
  return 0;
}
