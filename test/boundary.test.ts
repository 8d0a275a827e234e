import { readFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "vitest";

import { importsBelow } from "./import-statements.ts";
import { packagesLinkedBy, packagesLoadedBy } from "./module-graph.ts";
import { PUBLISHED, ROOT, type Published } from "./tarballs.ts";

const DIAMOND = {
  policy: [],
  "sandbox-core": ["@pyisolate/policy"],
  telemetry: ["@pyisolate/policy"],
};

test("the packages depend on each other as a diamond above policy", async () => {
  const declared = await Promise.all(
    PUBLISHED.map(async (name) => [name, siblings(await dependencies(name))]),
  );
  expect(Object.fromEntries(declared)).toEqual(DIAMOND);
});

test("the import statements draw the same diamond", async () => {
  const written = await Promise.all(
    PUBLISHED.map(async (name) => [name, siblings(await imported(name))]),
  );
  expect(Object.fromEntries(written)).toEqual(DIAMOND);
});

test.each(PUBLISHED)("%s imports nothing that it does not declare", async (name) => {
  const declared = await dependencies(name);
  expect((await imported(name)).filter((dependency) => !declared.includes(dependency))).toEqual([]);
});

test("telemetry names the OpenTelemetry SDK only in its sdk entry", async () => {
  const files = await importsBelow(path.join(ROOT, "packages/telemetry/src"));
  const naming = files.filter(({ packages }) => packages.some(isSdk)).map(({ file }) => file);
  expect(naming.filter((file) => file !== "sdk.ts" && !file.startsWith("sdk/"))).toEqual([]);
});

test("importing policy loads zod and yaml, nothing else", async () => {
  expect(await packagesLoadedBy("packages/policy/dist/index.js")).toEqual([
    "@pyisolate/policy",
    "yaml",
    "zod",
  ]);
});

test("importing telemetry loads the OpenTelemetry API, no SDK, no exporter and no isolate", async () => {
  expect(await packagesLoadedBy("packages/telemetry/dist/index.js")).toEqual([
    "@opentelemetry/api",
    "@pyisolate/policy",
    "@pyisolate/telemetry",
    "yaml",
    "zod",
  ]);
});

test("importing sandbox-core loads no OpenTelemetry, and no isolate into the host", async () => {
  const loaded = await packagesLoadedBy("packages/sandbox-core/dist/index.js");
  expect(
    loaded.filter((name) => name.startsWith("@opentelemetry/") || name === "isolated-vm"),
  ).toEqual([]);
});

test("the cell process links isolated-vm, and neither zod nor policy nor OpenTelemetry", async () => {
  const linked = await packagesLinkedBy("packages/sandbox-core/dist/cell/main.js");
  expect(linked).toContain("isolated-vm");
  expect(
    linked.filter((name) => /^(zod|yaml|@pyisolate\/policy|@opentelemetry\/.*)$/.test(name)),
  ).toEqual([]);
});

async function dependencies(name: Published): Promise<string[]> {
  const manifest = JSON.parse(
    await readFile(path.join(ROOT, "packages", name, "package.json"), "utf8"),
  ) as Record<string, Record<string, string> | undefined>;
  return Object.keys({ ...manifest["dependencies"], ...manifest["peerDependencies"] });
}

async function imported(name: Published): Promise<string[]> {
  const files = await importsBelow(path.join(ROOT, "packages", name, "src"));
  return [...new Set(files.flatMap(({ packages }) => packages))];
}

function siblings(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith("@pyisolate/")).toSorted();
}

function isSdk(name: string): boolean {
  return /^@opentelemetry\/(sdk-.*|exporter-.*|resources)$/.test(name);
}
