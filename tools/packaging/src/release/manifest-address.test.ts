import path from "node:path";

import { expect, test } from "vitest";

import type { Manifest, Published } from "../published.ts";
import { addressOf, addressProblems, withAddress } from "./manifest-address.ts";

const PAGE = "https://git.example.com/team/sandbox";
const ROOT = path.resolve("/repository");

test("the fields stand where the formatter has them, in npm's form, and replace what was there", () => {
  const text = json({
    name: "@pyisolate/library",
    version: "0.3.0",
    repository: "old",
    license: "Apache-2.0",
    homepage: "old",
  });
  expect(withAddress(text, "0.4.0", PAGE, "packages/library")).toBe(`{
  "name": "@pyisolate/library",
  "version": "0.4.0",
  "homepage": "https://git.example.com/team/sandbox#readme",
  "bugs": {
    "url": "https://git.example.com/team/sandbox/issues"
  },
  "repository": {
    "type": "git",
    "url": "git+https://git.example.com/team/sandbox.git",
    "directory": "packages/library"
  },
  "license": "Apache-2.0"
}
`);
});

test("what was written is read again, and has no problem", () => {
  const library = prepared("library");
  expect(addressOf(library.manifest)).toEqual({ page: PAGE, directory: "packages/library" });
  expect(addressProblems(ROOT, [library, prepared("command")])).toEqual({ missing: [], wrong: [] });
});

test.each([
  [{ repository: undefined, bugs: undefined, homepage: undefined }, "repository, bugs, homepage"],
  [{ bugs: undefined }, "bugs"],
  [{ homepage: undefined }, "homepage"],
])("a manifest with %o is missing %s, and is told by its package's name", (change, fields) => {
  const packages = [prepared("library"), prepared("command", change)];
  expect(addressProblems(ROOT, packages)).toEqual({
    missing: [`@pyisolate/command has no ${fields}: pnpm release --prepare VERSION writes it`],
    wrong: [],
  });
});

test.each<[string, unknown, RegExp]>([
  [
    "the directory of another package",
    written(PAGE, "packages/library"),
    /names another directory of the repository than packages\/command/,
  ],
  ["no directory", { type: "git", url: `git+${PAGE}.git` }, /of another form/],
  ["a shorthand", "github:team/sandbox", /of another form/],
  [
    "an address of ssh",
    { ...written(), url: "git@git.example.com:team/sandbox.git" },
    /of another form/,
  ],
  [
    "a password",
    { ...written(), url: "git+https://u:s3cret@git.example.com/team/sandbox.git" },
    /of another form/,
  ],
  [
    "another repository",
    written("https://git.example.com/team/fork"),
    /names another repository than @pyisolate\/library/,
  ],
])("a manifest with %s is wrong, and no part of its address is told", (_, repository, message) => {
  const { missing, wrong } = addressProblems(ROOT, [
    prepared("library"),
    prepared("command", { repository }),
  ]);
  expect(missing).toEqual([]);
  expect(wrong).toEqual([expect.stringMatching(message)]);
  expect(wrong[0]).toMatch(/^@pyisolate\/command /);
  expect(wrong[0]).not.toMatch(/s3cret|git\.example\.com/);
});

function written(page = PAGE, directory = "packages/command"): Readonly<Record<string, string>> {
  return { type: "git", url: `git+${page}.git`, directory };
}

function prepared(name: string, change: object = {}): Published {
  const text = json({ name: `@pyisolate/${name}`, version: "0.3.0", license: "Apache-2.0" });
  const manifest = JSON.parse(withAddress(text, "0.4.0", PAGE, `packages/${name}`)) as Manifest;
  return {
    folder: path.join(ROOT, "packages", name),
    manifest: JSON.parse(json({ ...manifest, ...change })) as Manifest,
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
