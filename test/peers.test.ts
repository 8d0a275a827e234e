import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { npmEnvironment } from "./installation.ts";
import { SDK_PACKAGES } from "../packages/telemetry/dist/sdk/wrong-sdk.js";
import { fetchRuntimes, QUIET } from "./runtimes.ts";
import { packTarball } from "./tarballs.ts";

const run = promisify(execFile);

let folder = "";
let tarballs: string[] = [];
/** Command lines that run a program, by the name of what runs it. */
let runners: Readonly<Record<string, readonly string[]>> = {};
/** Programs of Nodes that the packages are not made for, by their version. */
let tooOld: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "pyisolate-peers-"));
  tarballs = [await packTarball("policy", folder), await packTarball("telemetry", folder)];
  const runtimes = path.join(folder, "runtimes");
  await mkdir(runtimes);
  const { node18, node20, node22, node26, bun, deno } = await fetchRuntimes(
    ["node18", "node20", "node22", "node26", "bun", "deno"],
    runtimes,
  );
  tooOld = { "18.20.8": node18, "20.20.2": node20 };
  runners = {
    "Node 22": [node22],
    "Node 24": [process.execPath],
    "Node 26": [node26],
    Bun: [bun],
    // What the packages need: to read modules and environment variables, and to reach where they send.
    Deno: [
      deno,
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--allow-net=127.0.0.1",
    ],
  };
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const NODES = ["Node 22", "Node 24", "Node 26"];

const OLD = "@opentelemetry/api-logs";
const NEW = "@opentelemetry/api";

/** A service with an SDK of its own, which it registers where that SDK's users do. */
function service(logsApi: string): string {
  return `
    import { logs } from "${logsApi}";
    import * as sdk from "@opentelemetry/sdk-logs";
    import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
    const exporter = new sdk.InMemoryLogRecordExporter();
    const { SimpleLogRecordProcessor: Simple } = sdk;
    let processor;
    try { processor = new Simple({ exporter }); processor.onEmit.length; } catch { processor = new Simple(exporter); }
    if (processor._exporter !== undefined && processor._exporter !== exporter) processor = new Simple(exporter);
    logs.setGlobalLoggerProvider(new sdk.LoggerProvider({ processors: [processor] }));
    const denials = createDenialRecorder();
    for (let n = 0; n < 3; n++) denials.record(denialEvent({ cell: "a", capability: "database", operation: "query" }));
    await denials.flush();
    const { emitted, dropped } = denials.ledger();
    const names = exporter.getFinishedLogRecords().map(({ eventName, severityNumber }) => eventName + " " + severityNumber);
    console.log(JSON.stringify({ emitted, dropped, names }));
    await denials.shutdown();
  `;
}

const NAME = "pyisolate.denial 13";
const THREE = { emitted: 3, dropped: {}, names: [NAME, NAME, NAME] };

interface Combination {
  readonly api: string;
  readonly sdkLogs: string;
  /** Whose global logger the SDK's users register. */
  readonly logsApi: string;
}

function packagesOf({ api, sdkLogs, logsApi }: Combination): string[] {
  const wanted = [`@opentelemetry/api@${api}`, `@opentelemetry/sdk-logs@${sdkLogs}`];
  return logsApi === OLD ? [...wanted, `${OLD}@${sdkLogs}`] : wanted;
}

/** Installs the packed packages beside these, as a person would. @returns the folder, and what npm complained of. */
async function install(combination: Combination, ...flags: string[]) {
  const home = path.join(folder, `api-${combination.api}-logs-${combination.sdkLogs}`);
  await mkdir(home);
  await writeFile(path.join(home, "package.json"), `{ "private": true, "type": "module" }`);
  await writeFile(path.join(home, "service.js"), service(combination.logsApi));
  const args = ["install", ...QUIET, ...flags, ...tarballs, ...packagesOf(combination)];
  const { stderr } = await run("npm", args, { cwd: home, env: npmEnvironment() });
  return { home, stderr };
}

async function ranBy(name: string, home: string): Promise<unknown> {
  const [command = "", ...args] = runners[name] ?? [];
  const { stdout } = await run(command, [...args, "service.js"], {
    cwd: home,
    env: npmEnvironment(),
  });
  return JSON.parse(stdout);
}

/** The train of exporters 0.301 has sdk-logs 3.1.0; the newest is 3.1.1. */
const INSTALLABLE: readonly Combination[] = [
  { api: "1.9.0", sdkLogs: "0.214.0", logsApi: OLD },
  { api: "1.9.1", sdkLogs: "0.223.1", logsApi: OLD },
  { api: "1.10.0", sdkLogs: "3.1.0", logsApi: NEW },
  { api: "1.10.0", sdkLogs: "3.1.1", logsApi: NEW },
];

/** Imports the SDK entry, and tells what it is refused with. */
const IMPORT = `
  import("@pyisolate/telemetry/sdk").then(
    ({ startTelemetry }) => console.log(JSON.stringify({ startTelemetry: typeof startTelemetry })),
    ({ name, code, message, cause }) => console.log(JSON.stringify({ name, code, message, cause: String(cause) })),
  );
`;

/** The packages that the SDK entry needs, of another release train. */
function trainOf(api: string, sdk: string, sdkLogs: string, exporters: string): string[] {
  return [
    `@opentelemetry/api@${api}`,
    `@opentelemetry/sdk-logs@${sdkLogs}`,
    `@opentelemetry/sdk-metrics@${sdk}`,
    `@opentelemetry/resources@${sdk}`,
    `@opentelemetry/exporter-prometheus@${exporters}`,
    `@opentelemetry/exporter-metrics-otlp-http@${exporters}`,
    `@opentelemetry/otlp-exporter-base@${exporters}`,
    `@opentelemetry/otlp-transformer@${exporters}`,
  ];
}

/** Sends three denials by OTLP to a server of its own, and tells what arrived. */
const BY_OTLP = `
  import { createServer } from "node:http";
  import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
  import { startTelemetry } from "@pyisolate/telemetry/sdk";
  const bodies = { "/v1/logs": [], "/v1/metrics": [] };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      bodies[request.url].push(JSON.parse(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const otel = startTelemetry({ serviceName: "uploads", endpoint: "http://127.0.0.1:" + server.address().port });
  const denials = createDenialRecorder();
  for (let n = 0; n < 3; n++) denials.record(denialEvent({ cell: "a", capability: "database", operation: "query" }));
  await otel.flush();
  const { emitted, dropped } = denials.ledger();
  const records = bodies["/v1/logs"].flatMap(({ resourceLogs }) => resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs).flatMap(({ logRecords }) => logRecords);
  const names = records.map(({ eventName, severityNumber }) => eventName + " " + severityNumber);
  const metrics = bodies["/v1/metrics"].at(-1).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics);
  const counted = metrics.find(({ name }) => name === "pyisolate.denials").sum.dataPoints[0].asInt;
  await denials.shutdown();
  await otel.shutdown();
  server.close();
  server.closeAllConnections();
  console.log(JSON.stringify({ emitted, dropped, names, counted }));
`;

/** Starts the SDK entry with a spool, and tells what it is refused with, and what fails after that. */
const START_WITH_SPOOL = `
  const later = [];
  process.on("uncaughtException", ({ message }) => later.push(message));
  import("@pyisolate/telemetry/sdk")
    .then(({ startTelemetry }) => {
      startTelemetry({ serviceName: "uploads", endpoint: "http://127.0.0.1:9", spool: "spool" });
      return {};
    })
    .catch((error) => error)
    .then(async ({ name, code, message }) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      console.log(JSON.stringify({ name, code, message, later }));
    });
`;

describe.concurrent("the SDK entry", { timeout: 240_000 }, () => {
  test("on its own train delivers three records by OTLP on each Node from 22 on, in Bun and in Deno; an older Node is refused by name", async () => {
    const home = path.join(folder, "own-train");
    await mkdir(home);
    await writeFile(path.join(home, "package.json"), `{ "private": true, "type": "module" }`);
    await writeFile(path.join(home, "service.js"), BY_OTLP);
    const options = { cwd: home, env: npmEnvironment() };
    await run("npm", ["install", ...QUIET, ...tarballs, ...SDK_PACKAGES], options);
    for (const name of Object.keys(runners)) {
      expect(await ranBy(name, home), name).toEqual({ ...THREE, counted: 3 });
    }
    await writeFile(path.join(home, "start.js"), START_WITH_SPOOL);
    for (const [version, node] of Object.entries(tooOld)) {
      const { stdout, stderr } = await run(node, ["start.js"], options);
      expect(JSON.parse(stdout), version).toEqual({
        name: "TelemetryStartError",
        code: "node_too_old",
        message: expect.stringContaining(
          `needs Node.js 22.15 or newer, and this process is run by Node.js ${version}: `,
        ) as string,
        later: [],
      });
      expect(stderr).toBe("");
    }
  });

  test.each([
    { beside: "train 0.223", packages: trainOf("1.9.1", "2.12.1", "0.223.1", "0.223.0") },
    { beside: "train 0.300", packages: trainOf("1.10.0", "3.0.0", "3.0.0", "0.300.0") },
    { beside: "no exporter", packages: trainOf("1.10.0", "3.1.0", "3.1.0", "").slice(0, 4) },
  ])("beside $beside says in a typed error which packages to install", async (row) => {
    const home = path.join(folder, row.beside.replaceAll(" ", "-"));
    await mkdir(home);
    await writeFile(path.join(home, "package.json"), `{ "private": true, "type": "module" }`);
    await writeFile(path.join(home, "import.js"), IMPORT);
    const options = { cwd: home, env: npmEnvironment() };
    const { stderr } = await run(
      "npm",
      ["install", ...QUIET, ...tarballs, ...row.packages],
      options,
    );
    // npm has nothing against them: the ranges are those of the recorder, which works with all of these.
    expect(stderr).not.toMatch(/ERESOLVE|peer/i);
    const { stdout } = await run(process.execPath, ["import.js"], options);
    expect(JSON.parse(stdout)).toEqual({
      name: "TelemetryStartError",
      code: "wrong_sdk",
      message: expect.stringContaining(`npm install ${SDK_PACKAGES.join(" ")}. `) as string,
      cause: expect.stringContaining("@opentelemetry/") as string,
    });
  });
});

describe.concurrent("beside the OpenTelemetry that services have", { timeout: 240_000 }, () => {
  test.each(INSTALLABLE)(
    "api $api and sdk-logs $sdkLogs: plain npm installs without a word, and each Node delivers three records",
    async (combination) => {
      const { home, stderr } = await install(combination);
      expect(stderr).not.toMatch(/ERESOLVE|peer|EBADENGINE/i);
      for (const node of NODES) expect(await ranBy(node, home), node).toEqual(THREE);
      if (combination.sdkLogs !== "3.1.0") return;
      for (const other of ["Bun", "Deno"]) expect(await ranBy(other, home), other).toEqual(THREE);
    },
  );

  test.each([
    { api: "1.10.0", sdkLogs: "0.214.0", logsApi: OLD },
    { api: "1.10.0", sdkLogs: "0.223.1", logsApi: OLD },
  ])(
    "api $api and sdk-logs $sdkLogs, which that SDK's own range refuses: installed all the same, each Node delivers three records",
    async (combination) => {
      const { home } = await install(combination, "--legacy-peer-deps");
      for (const node of NODES) expect(await ranBy(node, home), node).toEqual(THREE);
    },
  );

  test.each([
    { api: "1.9.1", sdkLogs: "3.1.0", logsApi: NEW },
    { api: "1.9.1", sdkLogs: "3.1.1", logsApi: NEW },
  ])(
    "api $api and sdk-logs $sdkLogs cannot be installed, whether these packages are there or not",
    async (combination) => {
      const home = path.join(folder, `none-${combination.sdkLogs}`);
      await mkdir(home);
      await writeFile(path.join(home, "package.json"), `{ "private": true }`);
      const args = ["install", ...QUIET, ...packagesOf(combination)];
      const alone = run("npm", args, { cwd: home, env: npmEnvironment() });
      await expect(alone).rejects.toMatchObject({
        stderr: expect.stringMatching(/ERESOLVE[^]*@opentelemetry\/api@">=1\.10\.0/) as string,
      });
      await expect(install(combination)).rejects.toMatchObject({
        stderr: expect.stringContaining("ERESOLVE") as string,
      });
    },
  );
});
