import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { afterEach, beforeEach, expect, test } from "vitest";

import { publishedPackages, ROOT } from "../published.ts";
import { differences, update } from "./compare.ts";

/** A copy of a real package, as its committed report describes it. */
let copy = "";

beforeEach(() => {
  copy = mkdtempSync(path.join(tmpdir(), "pyisolate-api-"));
  const original = path.join(ROOT, "packages/policy");
  for (const part of ["package.json", "dist", "api"])
    cpSync(path.join(original, part), path.join(copy, part), { recursive: true });
});

afterEach(() => {
  rmSync(copy, { recursive: true, force: true });
});

test.each(publishedPackages())(
  "the API of $manifest.name is what its reports say",
  ({ folder }) => {
    expect(differences(folder)).toEqual([]);
  },
);

test.each([
  [
    "a parameter that is added",
    "decide.d.ts",
    "request: Request)",
    "request: Request, now: number)",
    "export function decide(policy: Policy, request: Request, now: number): Decision;",
  ],
  [
    "a property that may be missing now",
    "policy.d.ts",
    "readonly hash: string",
    "readonly hash?: string",
    "    readonly hash?: string;",
  ],
  [
    "a constant with another value",
    "clean-text.d.ts",
    "MAX_CELL_LENGTH = 128",
    "MAX_CELL_LENGTH = 64",
    "export const MAX_CELL_LENGTH = 64;",
  ],
  [
    "a type that no entry exports, and an exported error has",
    "event/event-json.d.ts",
    "interface DenialEventIssue {",
    "interface DenialEventIssue {\n    readonly code: number;",
    "    readonly code: number;",
  ],
])("%s is a difference", (_, file, before, after, line) => {
  edit(file, before, after);
  // What two entries export differs in the report of each.
  expect(new Set(differences(copy).flatMap(({ come }) => come))).toEqual(new Set([line]));
});

test("an export that is gone is a difference, and so is one that came", () => {
  edit("index.d.ts", "export { explain } ", "export { explain as explainDecision } ");
  const [difference] = differences(copy);
  expect(difference?.come).toEqual(["// exported as explainDecision"]);
  edit("index.d.ts", /^export \{ explain.*\n/m, "");
  expect(differences(copy)[0]?.gone).toContain(
    "export function explain(policy: Policy, request: Request): Explanation;",
  );
});

test("an entry that has no report yet is a difference, and a report without an entry too", () => {
  renameSync(path.join(copy, "api/options.md"), path.join(copy, "api/choices.md"));
  const files = differences(copy).map(({ file }) => path.basename(file));
  expect(files).toEqual(["choices.md", "options.md"]);
});

test("another comment, another order of exports and another file's name change nothing", () => {
  edit(
    "decide.d.ts",
    "export declare function decide",
    "/** Other words. */\nexport declare function decide",
  );
  const index = readFileSync(path.join(copy, "dist/index.d.ts"), "utf8").trimEnd().split("\n");
  writeFileSync(path.join(copy, "dist/index.d.ts"), index.toReversed().join("\n"));
  renameSync(path.join(copy, "dist/decide.d.ts"), path.join(copy, "dist/verdict.d.ts"));
  edit("index.d.ts", /\.\/decide\.ts/g, "./verdict.ts");
  expect(differences(copy)).toEqual([]);
});

test("the command fails where a public type changed unsaid, shows it, and passes once it is said", async () => {
  edit("decide.d.ts", "request: Request)", "request: Request | null)");
  const failed = (await checkApi().catch((error: unknown) => error)) as {
    readonly code?: number;
    readonly stdout: string;
  };
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/\n {2}\+ export function decide\(.*Request \| null\).*pnpm api/s);
  update(copy);
  expect(await checkApi()).toEqual({ stdout: "", stderr: "" });
});

async function checkApi(): Promise<{ stdout: string; stderr: string }> {
  const command = path.join(ROOT, "tools/packaging/src/check-api.ts");
  return await promisify(execFile)(process.execPath, [command, copy]);
}

function edit(file: string, before: string | RegExp, after: string): void {
  const name = path.join(copy, "dist", file);
  const text = readFileSync(name, "utf8");
  const edited = text.replace(before, after);
  if (edited === text) throw new Error(`nothing to edit in ${file}`);
  writeFileSync(name, edited);
}
