import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import { installTarballs, npmEnvironment } from "./installation.ts";
import { packagesImportedIn } from "./module-graph.ts";
import { readmeProgram } from "./readme-program.ts";
import { LAUNCHERS, PUBLISHED, ROOT } from "./tarballs.ts";

let folder = "";
let complaints = "";

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "pyisolate-install-"));
  complaints = await installTarballs(folder);
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("the tarballs install in an empty folder without a word about peers or engines", () => {
  expect(complaints).not.toMatch(/peer|ERESOLVE|EBADENGINE|deprecated/i);
});

test("there is one copy of every OpenTelemetry package", async () => {
  const files = await readdir(path.join(folder, "node_modules"), { recursive: true });
  expect(files.filter((file) => /node_modules\/@opentelemetry\/[^/]+$/.test(file))).toEqual([]);
});

test.each(PUBLISHED)(
  "%s ships no test, no build information and no workspace protocol",
  async (name) => {
    const { root, files } = await shipped(name);
    expect(
      files.filter((file) => /\.test\.|\/testing\/|\.tsbuildinfo$|(^|\/)tsconfig/.test(file)),
    ).toEqual([]);
    expect(await readFile(path.join(root, "package.json"), "utf8")).not.toMatch(
      /workspace:|catalog:/,
    );
  },
);

test.each([...PUBLISHED, ...LAUNCHERS])(
  "%s ships the license that its manifest names, whole",
  async (name) => {
    const { root } = await shipped(name);
    const license = await readFile(path.join(root, "LICENSE"), "utf8");
    expect(license).toBe(await readFile(path.join(ROOT, "LICENSE"), "utf8"));
    expect(license).toMatch(/Apache License\s+Version 2\.0.*END OF TERMS AND CONDITIONS/s);
    const manifest = await readFile(path.join(root, "package.json"), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({ license: "Apache-2.0" });
  },
);

test("importing the installed recorder loads the OpenTelemetry API, and neither zod nor yaml nor an SDK", async () => {
  expect(await packagesImportedIn(folder, "@pyisolate/telemetry")).toEqual([
    "@opentelemetry/api",
    "@pyisolate/policy",
    "@pyisolate/telemetry",
  ]);
});

test("importing the installed SDK entry loads OpenTelemetry's packages beside these, and neither zod nor yaml", async () => {
  const loaded = await packagesImportedIn(folder, "@pyisolate/telemetry/sdk");
  expect(loaded).toContain("@opentelemetry/sdk-logs");
  expect(loaded.filter((name) => !name.startsWith("@opentelemetry/"))).toEqual([
    "@pyisolate/policy",
    "@pyisolate/telemetry",
  ]);
});

test("telemetry ships its rules for Prometheus", async () => {
  const { files } = await shipped("telemetry");
  expect(files.filter((file) => file.startsWith("rules/")).toSorted()).toEqual([
    "rules/collector.yaml",
    "rules/denials.yaml",
    "rules/telemetry.yaml",
  ]);
});

test.each(PUBLISHED)("every source map of %s leads to a file that is there", async (name) => {
  const { root, files } = await shipped(name);
  const maps = files.filter((file) => file.endsWith(".map"));
  const leads = await Promise.all(
    maps.map(async (map) => {
      const { sources } = JSON.parse(await readFile(path.join(root, map), "utf8")) as {
        sources: string[];
      };
      return sources.map((source) => path.join(root, path.dirname(map), source));
    }),
  );
  expect(maps).not.toEqual([]);
  expect(leads.flat().filter((file) => !existsSync(file))).toEqual([]);
});

test("the README's program runs there, and its telemetry leaves for the endpoint of the environment", async () => {
  const { program, policy } = await readmeProgram();
  await writeFile(path.join(folder, "program.ts"), program);
  await writeFile(path.join(folder, "policy.yaml"), policy);
  await using collector = await fakeCollector();
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["program.ts"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    timeout: 25_000,
  });
  expect(stderr).toBe("");
  expect(stdout).toContain("/etc/shadow");
  expect([...collector.paths].toSorted()).toEqual(["/v1/logs", "/v1/metrics"]);
});

test("a service's tests find there what its guard denied, and are told what was denied instead", async () => {
  const program = `
    import assert from "node:assert";
    import { test } from "node:test";
    import { denialEvent } from "@pyisolate/telemetry";
    import { assertDenied, createTestRecorder, denialMatchers, type ExpectedDenial } from "@pyisolate/telemetry/testing";

    test("denials", () => {
      const denials = createTestRecorder();
      denials.record(denialEvent({ cell: "tenant-a", capability: "database", operation: "query", target: "users" }));
      const expected: ExpectedDenial = { capability: "database", target: "users", layer: "broker" };
      assert.equal(assertDenied(denials, expected).cell, "tenant-a");
      assert.equal(denialMatchers.toHaveDenied(denials, expected).pass, true);
      assert.throws(() => assertDenied(denials, { target: "orders" }), /target is "users", not "orders"/);
    });
  `;
  await writeFile(path.join(folder, "denials.test.ts"), program);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--test", "--test-reporter=tap", "denials.test.ts"],
    { cwd: folder, env: { PATH: process.env["PATH"] } },
  );
  expect(stdout).toMatch(/^# pass 1$/m);
});

test("the cells of the installed package are confined by its launcher, with every class that this kernel has", async () => {
  const program = `
    import { Supervisor } from "@pyisolate/sandbox-core";
    await using supervisor = new Supervisor({ policy: { version: 1, name: "n", rules: [] }, kernel: "require" });
    await using cell = await supervisor.spawn("confined");
    process.stdout.write(String(await cell.exec("6 * 7")));
  `;
  await writeFile(path.join(folder, "confined.ts"), program);
  const ran = promisify(execFile)(process.execPath, ["confined.ts"], { cwd: folder });
  expect(await ran).toEqual({ stdout: "42", stderr: "" });
});

test.each(PUBLISHED)(
  "every link of the README of %s works on the package's own page: absolute, to a heading, or to what is shipped",
  async (name) => {
    const { root, files } = await shipped(name);
    const text = await readFile(path.join(root, "README.md"), "utf8");
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target ?? "");
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => `#${slug(title)}`);
    const works = (link: string): boolean =>
      link.startsWith("https://") || headings.includes(link) || files.includes(link);
    expect(links.filter((link) => !works(link))).toEqual([]);
  },
);

test("the command that is installed runs by its name, says how it is used and is the version that was packed", async () => {
  const { stdout } = await runInstalled(["report", "--help"]);
  expect(stdout).toMatch(/^Usage: pyisolate report \[options\]\n/);
  const manifest = JSON.parse(
    await readFile(path.join(folder, "node_modules/@pyisolate/cli/package.json"), "utf8"),
  ) as { version: string };
  expect((await runInstalled(["--version"])).stdout).toBe(`${manifest.version}\n`);
});

test("the command that is installed writes its page, with the style that is shipped beside it", async () => {
  const page = path.join(folder, "page.html");
  const nowhere = "http://127.0.0.1:1";
  await expect(
    runInstalled(["report", "--prometheus", nowhere, "--no-logs", "--out", page]),
  ).rejects.toMatchObject({ code: 1, stdout: `${page}\n` });
  const style = await readFile(path.join(ROOT, "packages/cli/assets/report.css"), "utf8");
  expect(await readFile(page, "utf8")).toContain(style.trim());
});

test("the command that is installed asks the policy and the kernel plan of the packages beside it", async () => {
  await writeFile(path.join(folder, "plan.yaml"), `{ version: 1, name: planned, rules: [] }`);
  expect((await runInstalled(["check", "plan.yaml"])).stdout).toMatch(/^plan\.yaml: fine: planned/);
  expect((await runInstalled(["plan", "plan.yaml"])).stdout).toMatch(
    /^Kernel plan of the policy planned/,
  );
});

/** `npx pyisolate …` in the folder where the tarballs were installed. */
async function runInstalled(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return await promisify(execFile)("npx", ["--no-install", "pyisolate", ...args], {
    cwd: folder,
    env: npmEnvironment(),
  });
}

/** The anchor of a heading, as Markdown's renderers make it. */
function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

async function shipped(name: string): Promise<{ root: string; files: string[] }> {
  const root = path.join(folder, "node_modules/@pyisolate", name);
  return { root, files: await readdir(root, { recursive: true }) };
}

/** Accepts OTLP over HTTP on a free loopback port and remembers which paths were posted to. */
async function fakeCollector(): Promise<AsyncDisposable & { url: string; paths: Set<string> }> {
  const paths = new Set<string>();
  const server = createServer((request, response) => {
    paths.add(request.url ?? "");
    request
      .resume()
      .once("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    paths,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
