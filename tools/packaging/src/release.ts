import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";

import { failureText } from "./failure-text.ts";
import { pnpmCommand } from "./pnpm-command.ts";
import { publishedPackages } from "./published.ts";
import { buildCommit } from "./release/build.ts";
import { chosenPage } from "./release/chosen-address.ts";
import { addressOf, addressProblems } from "./release/manifest-address.ts";
import { prepare } from "./release/prepare.ts";
import { problemsOf, tableOf } from "./release/proof.ts";
import { git, reasonsNotToRelease } from "./release/readiness.ts";

const HELP = `Usage: pnpm release --prepare VERSION [--repository URL] | --dry-run [--json] | --publish

  --prepare VERSION  gives every package this version and the repository's address, and the unreleased changes in
                     CHANGELOG.md this version and today's date; commit what it wrote
  --repository URL   with --prepare: the repository's address, https://HOST/OWNER/NAME; without it, that of git's remote
                     origin, also where that is of ssh. Credentials in it are left out
  --dry-run          builds the commit in an empty folder, packs every package, checks what is in the tarballs and shows what
                     would be published, in which order; publishes nothing
  --json             with --dry-run: the same for programs, with every file and its size
  --publish          does the same, and then publishes

Without one of the three it does nothing. A dirty tree, packages of several versions, a version that CHANGELOG.md says
nothing of and a wrong address are refused before anything is built; packages without an address can be tried and not be
published. Exit code: 0; 1 where something is refused or wrong; 2 for wrong usage.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let values;
  try {
    values = parseArgs({
      args: [...args],
      options: {
        prepare: { type: "string" },
        repository: { type: "string" },
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
  const { prepare: version, repository, publish, json } = values;
  const asked = [version !== undefined, values["dry-run"], publish].filter(Boolean).length;
  const isLost = repository !== undefined && version === undefined;
  if (asked !== 1 || isLost || (json && !values["dry-run"])) {
    console.error(HELP);
    return 2;
  }
  // The folder it is run in, so that a clone can be released, and a test has its own.
  const root = git(process.cwd(), ["rev-parse", "--show-toplevel"]).trim();
  try {
    if (version === undefined) return await prove(root, { publish, json });
    const today = new Date().toISOString().slice(0, 10);
    const files = prepare(root, version, today, () => chosenPage(root, repository));
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
  const packagesHere = publishedPackages(root);
  const expected = packagesHere.map(({ manifest }) => manifest);
  const { missing: refusedToPublish } = addressProblems(root, packagesHere);
  const problems = [...failures, ...problemsOf(tarballs, expected)];
  if (json) {
    const packages = tarballs.map(({ manifest, files, bytes, integrity }) => {
      const { name, version } = manifest;
      return { name, version, repository: addressOf(manifest) ?? null, bytes, integrity, files };
    });
    console.log(JSON.stringify({ commit, problems, refusedToPublish, packages }, undefined, 2));
  } else {
    console.log(tableOf(tarballs));
    for (const problem of problems) console.log(`PROBLEM: ${problem}`);
    if (refusedToPublish.length > 0)
      console.log(
        `--publish would be refused: ${refusedToPublish.length} manifests have no address of the repository. pnpm release --prepare VERSION writes it.`,
      );
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
