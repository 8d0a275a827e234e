// Compares the API of each published package with its committed report (packages/*/api), or writes the reports anew:
//   node tools/packaging/src/check-api.ts [--update] [PACKAGE FOLDER...]
import path from "node:path";
import { parseArgs } from "node:util";

import { differences, update } from "./api/compare.ts";
import { publishedPackages, ROOT } from "./published.ts";

/** Lines of a difference that are shown: the first tell what it is about. */
const MOST_LINES = 20;

const { values, positionals } = parseArgs({
  options: { update: { type: "boolean", default: false } },
  allowPositionals: true,
});
const folders =
  positionals.length > 0 ? positionals : publishedPackages().map(({ folder }) => folder);
for (const folder of folders) {
  if (values.update) update(folder);
  for (const { file, gone, come } of differences(folder)) {
    process.exitCode = 1;
    console.log(`The public API is not what ${path.relative(ROOT, file)} says:`);
    const lines = [...gone.map((line) => `  - ${line}`), ...come.map((line) => `  + ${line}`)];
    console.log(lines.slice(0, MOST_LINES).join("\n"));
    if (lines.length > MOST_LINES) console.log(`  … ${lines.length - MOST_LINES} more lines`);
  }
}
if (process.exitCode === 1)
  console.log(
    "If that is meant: pnpm api, review the report, commit it, and say in CHANGELOG.md what changes for users.",
  );
