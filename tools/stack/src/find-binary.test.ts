import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundleFolder, cacheFolder } from "./cache.ts";
import { findBinary } from "./find-binary.ts";
import { COMPONENTS } from "./collector-manifest.ts";
import { SILENT } from "./progress.ts";
import { findServers, requireServers } from "./servers.ts";
import { serversForTest } from "./servers-for-test.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-find-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An environment in which nothing is found but what the test puts there. */
const environment = (more: NodeJS.ProcessEnv = {}) => ({
  PATH: `${join(folder, "bin")}:${join(folder, "later")}`,
  PYISOLATE_CACHE: join(folder, "cache"),
  PYISOLATE_GO: "none",
  ...more,
});

async function script(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

const prometheus = (path: string, version: string) =>
  script(path, `echo "prometheus, version ${version} (branch: x)"`);

function collector(path: string, version: string, without = ""): Promise<string> {
  const kinds = Object.entries(COMPONENTS).map(([kind, components]) => {
    const names = components.filter(({ type }) => type !== without);
    const lines = names.map(
      ({ type, module }) => `    - name: ${type}\n      module: ${module} v${version}`,
    );
    return `${kind}:\n${lines.join("\n")}`;
  });
  return script(
    path,
    `[ "$1" = components ] && cat <<'END'\nbuildinfo: {version: 9.9.9}\n${kinds.join("\n")}\nEND`,
  );
}

test("the environment variable comes before PATH, and PATH before the cache", async () => {
  const cached = await prometheus(
    join(bundleFolder("prometheus", environment()), "prometheus"),
    "3.16.0",
  );
  expect((await findBinary("prometheus", environment())).found).toEqual({
    path: cached,
    version: "3.16.0",
    source: "cache",
  });

  const onPath = await prometheus(join(folder, "bin", "prometheus"), "3.16.1");
  expect((await findBinary("prometheus", environment())).found).toMatchObject({
    path: onPath,
    source: "path",
  });

  const chosen = await prometheus(join(folder, "mine"), "3.17.0");
  const env = environment({ PYISOLATE_PROMETHEUS: chosen });
  expect((await findBinary("prometheus", env)).found).toEqual({
    path: chosen,
    version: "3.17.0",
    source: "environment",
  });
});

test("a Prometheus on PATH that is too old is passed by, with the reason", async () => {
  const old = await prometheus(join(folder, "bin", "prometheus"), "2.42.0");
  expect(await findBinary("prometheus", environment())).toEqual({
    ignored: [{ path: old, reason: "it is 2.42.0, older than 3.5.0" }],
  });
  const good = await prometheus(join(folder, "later", "prometheus"), "3.5.0");
  const search = await findBinary("prometheus", environment());
  expect(search.found?.path).toBe(good);
  expect(search.ignored).toHaveLength(1);
});

test("a Collector on PATH is judged by the components inside, not by its own number", async () => {
  const old = await collector(join(folder, "bin", "otelcol"), "0.99.0");
  const lacking = await collector(join(folder, "bin", "otelcol-contrib"), "0.158.0", "redaction");
  expect(await findBinary("otelcol", environment())).toEqual({
    ignored: [
      { path: old, reason: "its components are 0.99.0, older than 0.158.0" },
      { path: lacking, reason: "it lacks processors/redaction" },
    ],
  });
  const good = await collector(
    join(folder, "later", "otelcol-contrib"),
    "0.160.0",
    "bearertokenauth",
  );
  expect((await findBinary("otelcol", environment())).found).toEqual({
    path: good,
    version: "0.160.0",
    source: "path",
  });
});

test.for([
  { what: "fails", text: "echo broken >&2; exit 1", reason: "`components` failed: broken" },
  {
    what: "talks of something else",
    text: "echo hello",
    reason: "`components` did not answer with a list",
  },
  { what: "says nothing", text: "", reason: "`components` did not answer with a list" },
])("a program called otelcol that $what is passed by", async ({ text, reason }) => {
  const path = await script(join(folder, "bin", "otelcol"), text);
  expect((await findBinary("otelcol", environment())).ignored).toEqual([{ path, reason }]);
});

test("a variable that names nothing usable is an error, not a reason to take another", async () => {
  await prometheus(join(folder, "bin", "prometheus"), "3.16.0");
  const nothing = environment({ PYISOLATE_PROMETHEUS: join(folder, "nothing") });
  await expect(findBinary("prometheus", nothing)).rejects.toMatchObject({ code: "binary-unfit" });
  const old = environment({
    PYISOLATE_PROMETHEUS: await prometheus(join(folder, "old"), "2.42.0"),
  });
  await expect(findBinary("prometheus", old)).rejects.toThrow(
    "older than 3.5.0. Correct the variable",
  );
});

test("the cache is where the variables say", () => {
  expect(cacheFolder({ PYISOLATE_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/pyisolate");
  expect(cacheFolder({})).toMatch(/\/\.cache\/pyisolate$/);
});

test("with neither binaries nor Go, the reason says what is missing, why, and how to get it", async () => {
  const old = await prometheus(join(folder, "bin", "prometheus"), "2.42.0");
  const result = await findServers({ env: environment(), progress: SILENT });
  expect(result).toEqual({
    ok: false,
    missing: ["otelcol", "prometheus", "promtool"],
    reason:
      `No otelcol, prometheus, promtool on this machine (${old} will not do: it is 2.42.0, older than 3.5.0), and no Go to ` +
      "build with. Install Go 1.25 or newer, or set PYISOLATE_OTELCOL, PYISOLATE_PROMETHEUS, PYISOLATE_PROMTOOL.",
  });
  await expect(requireServers({ env: environment(), progress: SILENT })).rejects.toMatchObject({
    code: "servers-missing",
  });
});

test.each([
  ["a release", "victoria-logs-20261018-143012-tags-v1.52.1-0-g9d3cd9f1c5", "1.52.1"],
  ["one that is built here", "victoria-logs-v1.52.1", "1.52.1"],
])("VictoriaLogs says its version in words of its own: %s", async (_, says, version) => {
  await script(join(folder, "bin", "victoria-logs"), `echo ${says}`);
  expect((await findBinary("victoria-logs", environment())).found).toMatchObject({ version });
});

test("a VictoriaLogs that is too old, or a program that is called like it, is passed by", async () => {
  const old = await script(
    join(folder, "bin", "victoria-logs"),
    "echo victoria-logs-20250701-110000-tags-v1.26.0-0-gabc",
  );
  const other = await script(join(folder, "later", "victoria-logs"), "echo v2.0.0");
  expect((await findBinary("victoria-logs", environment())).ignored).toEqual([
    { path: old, reason: "it is 1.26.0, older than 1.52.0" },
    { path: other, reason: "it does not say its version" },
  ]);
});

test("only what is named is looked for", async () => {
  const store = await script(
    join(folder, "bin", "victoria-logs"),
    "echo victoria-logs-20261018-143012-tags-v1.52.1-0-g9d3cd9f1c5",
  );
  const options = { env: environment(), progress: SILENT };
  expect(await findServers({ ...options, names: ["victoria-logs"] })).toEqual({
    ok: true,
    servers: { "victoria-logs": store },
  });
  expect(await findServers({ ...options, names: ["victoria-logs", "amtool"] })).toMatchObject({
    ok: false,
    missing: ["amtool"],
    reason: expect.stringMatching(/^No amtool on this machine, .* PYISOLATE_AMTOOL\.$/) as string,
  });
});

test("a test without servers is skipped with the reason, and fails under CI", async () => {
  const before = { ...process.env };
  const skipped = new Error("skipped");
  let reason: string | undefined;
  const context = {
    skip(text?: string): never {
      reason = text;
      throw skipped;
    },
  };
  try {
    Object.assign(process.env, environment());
    delete process.env["CI"];
    await expect(serversForTest(context)).rejects.toBe(skipped);
    expect(reason).toContain("no Go to build with");
    process.env["CI"] = "true";
    await expect(serversForTest(context)).rejects.toThrow("CI=true allows no skipping");
  } finally {
    process.env = before;
  }
});
