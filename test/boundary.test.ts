import { readFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "vitest";

import { importsBelow } from "./import-statements.ts";
import { packagesLinkedBy, packagesLoadedBy } from "./module-graph.ts";
import { LIBRARIES, PUBLISHED, ROOT, type Published } from "./tarballs.ts";

const DIAMOND = {
  policy: [],
  "sandbox-core": ["@pyisolate/policy"],
  telemetry: ["@pyisolate/policy"],
};

test("the packages depend on each other as a diamond above policy", async () => {
  const declared = await Promise.all(
    LIBRARIES.map(async (name) => [name, siblings(await dependencies(name))]),
  );
  expect(Object.fromEntries(declared)).toEqual(DIAMOND);
});

test("the import statements draw the same diamond", async () => {
  const written = await Promise.all(
    LIBRARIES.map(async (name) => [name, siblings(await imported(name))]),
  );
  expect(Object.fromEntries(written)).toEqual(DIAMOND);
});

test.each(PUBLISHED)("%s imports nothing that it does not declare", async (name) => {
  const declared = [...(await dependencies(name)), ...(await optionalDependencies(name))];
  expect((await imported(name)).filter((dependency) => !declared.includes(dependency))).toEqual([]);
});

test("telemetry names the OpenTelemetry SDK only in its sdk entry", async () => {
  const files = await importsBelow(path.join(ROOT, "packages/telemetry/src"));
  const naming = files.filter(({ packages }) => packages.some(isSdk)).map(({ file }) => file);
  expect(naming.filter((file) => file !== "sdk.ts" && !file.startsWith("sdk/"))).toEqual([]);
});

test.each(PUBLISHED)(
  "no file of %s imports itself by way of others, types included",
  async (name) => {
    const files = await importsBelow(path.join(ROOT, "packages", name, "src"));
    expect(files.flatMap(({ files }) => files).length).toBeGreaterThan(10);
    expect(circlesIn(new Map(files.map(({ file, files }) => [file, files])))).toEqual([]);
  },
);

/**
 * The layers of telemetry, the lowest first. A file imports from its own layer and those below it, types included: where
 * a count, a ledger or a queue is looked for, nothing above it has to be read.
 */
const TELEMETRY_LAYERS: readonly (readonly string[])[] = [
  ["semconv.ts", "instrumentation-scope.ts", "clean-once.ts", "with-timeout.ts"],
  ["health.ts", "provider-link.ts", "sources/"],
  ["integrity/"],
  ["metrics/"],
  ["ledger/"],
  ["records/"],
  ["queue/"],
  ["cells/"],
  ["emit/"],
  ["recorder/", "recorder.ts"],
  [
    "sdk/errors.ts",
    "sdk/error-text.ts",
    "sdk/needed-node.ts",
    "sdk/wrong-sdk.ts",
    "sdk/environment-reader.ts",
    "sdk/options.ts",
  ],
  ["sdk/otlp-variables.ts", "sdk/settings.ts"],
  ["sdk/resource.ts", "sdk/thread-ends.ts", "sdk/process-end.ts", "sdk/health-warnings.ts"],
  ["sdk/delivery/"],
  ["sdk/otlp/"],
  ["sdk/spool/"],
  ["sdk/logs/"],
  ["sdk/prometheus/"],
  ["sdk/providers.ts", "sdk/resend-refused.ts", "sdk/save-at-exit.ts", "sdk/start.ts"],
  ["test-recorder/"],
  ["index.ts", "sdk.ts", "sdk-import.ts", "testing.ts"],
];

test("telemetry is in layers, and each file imports from its own and lower ones only", async () => {
  const files = await importsBelow(path.join(ROOT, "packages/telemetry/src"));
  expect(files.filter(({ file }) => layerOf(file) < 0).map(({ file }) => file)).toEqual([]);
  const upward = files.flatMap(({ file, files }) =>
    files
      .filter((imported) => layerOf(imported) > layerOf(file))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(upward).toEqual([]);
  // Statements are found at all: the recorder is built from every layer below it.
  const recorder = files.find(({ file }) => file === "recorder.ts")?.files.map(layerOf);
  expect(new Set(recorder).size).toBeGreaterThanOrEqual(8);
});

test("importing policy loads zod and yaml, nothing else", async () => {
  expect(await packagesLoadedBy("packages/policy/dist/index.js")).toEqual([
    "@pyisolate/policy",
    "yaml",
    "zod",
  ]);
});

test("importing telemetry loads the OpenTelemetry API, no schema library, no SDK, no exporter and no isolate", async () => {
  expect(await packagesLoadedBy("packages/telemetry/dist/index.js")).toEqual([
    "@opentelemetry/api",
    "@pyisolate/policy",
    "@pyisolate/telemetry",
  ]);
});

test("importing telemetry's recorder for tests loads policy alone", async () => {
  expect(await packagesLoadedBy("packages/telemetry/dist/testing.js")).toEqual([
    "@pyisolate/policy",
    "@pyisolate/telemetry",
  ]);
});

test("importing telemetry's sdk loads no zod and no yaml either", async () => {
  const loaded = await packagesLoadedBy("packages/telemetry/dist/sdk.js");
  expect(loaded).toContain("@opentelemetry/sdk-logs");
  expect(loaded.filter((name) => name === "zod" || name === "yaml")).toEqual([]);
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
  const manifest = await manifestOf(name);
  return Object.keys({ ...manifest["dependencies"], ...manifest["peerDependencies"] });
}

async function optionalDependencies(name: Published): Promise<string[]> {
  return Object.keys({ ...(await manifestOf(name))["optionalDependencies"] });
}

async function manifestOf(
  name: Published,
): Promise<Record<string, Record<string, string> | undefined>> {
  const file = path.join(ROOT, "packages", name, "package.json");
  return JSON.parse(await readFile(file, "utf8")) as Record<
    string,
    Record<string, string> | undefined
  >;
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

function layerOf(file: string): number {
  return TELEMETRY_LAYERS.findIndex((layer) =>
    layer.some((part) => (part.endsWith("/") ? file.startsWith(part) : file === part)),
  );
}

/** Each circle as the files on it, found by walking the imports from each file in depth. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const finished = new Set<string>();
  const walk = (file: string, way: readonly string[]) => {
    if (way.includes(file)) {
      circles.push([...way.slice(way.indexOf(file)), file].join(" -> "));
      return;
    }
    if (finished.has(file)) return;
    for (const imported of imports.get(file) ?? []) walk(imported, [...way, file]);
    finished.add(file);
  };
  for (const file of imports.keys()) walk(file, []);
  return circles;
}
