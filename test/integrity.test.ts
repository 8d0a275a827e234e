import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { BUILD_TIMEOUT_MS, serversForTest, startCollector } from "@pyisolate/stack";
import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import { trace, context } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";

import { ROOT } from "./tarballs.ts";

const CELLS = ["tenant-a", "tenant-b", "tenant-c"];

test(
  "chained records come through the Collector whole, coalesced ones too, and each change of its file is found",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    const { otelcol: binary } = await serversForTest({ skip });
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-integrity-"));
    onTestFinished(async () => {
      await rm(folder, { recursive: true, force: true });
    });
    const collector = await startCollector({ binary, stateDir: path.join(folder, "state") });
    const denied = await denyInChains(collector.otlpEndpoint);
    await collector.stop();
    const { logFile } = collector;

    const fine = await verify(logFile);
    expect(fine).toMatchObject({ code: 0, found: 0, chains: 3, open: 0, unchained: 0 });
    // The records of a flood are fewer than its denials.
    expect(fine.records).toBeLessThan(denied);
    expect(fine.records).toBeGreaterThan(CELLS.length);

    const requests = (await readFile(logFile, "utf8")).split("\n").filter((line) => line !== "");
    const changed = path.join(folder, "changed.jsonl");
    for (const [kind, change] of CHANGES) {
      const one = requests.findIndex((line) => line.includes("/srv/secret/7 "));
      const request = JSON.parse(requests[one] ?? "") as Request;
      const all = request.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
      change(
        all,
        all.findIndex((record) => JSON.stringify(record).includes("/srv/secret/7 ")),
      );
      await writeFile(changed, requests.with(one, JSON.stringify(request)).join("\n"));
      const { code, findings } = await verify(changed);
      expect({ code, kind: findings[0]?.kind }).toEqual({ code: 1, kind });
    }
  },
);

interface Request {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { logRecords: { body: { stringValue: string } }[] }[];
  }[];
}

/** Ways to tamper with the record at a place among others. */
const CHANGES: readonly [kind: string, change: (all: Records, at: number) => unknown][] = [
  ["altered", (all, at) => Object.assign(all[at]?.body ?? {}, { stringValue: "nothing" })],
  ["missing", (all, at) => all.splice(at, 1)],
  ["repeated", (all, at) => all.splice(at, 0, ...all.slice(at, at + 1))],
];

type Records = Request["resourceLogs"][number]["scopeLogs"][number]["logRecords"];

async function denyInChains(endpoint: string): Promise<number> {
  const otel = startTelemetry({
    endpoint,
    integrity: true,
    serviceName: "audited",
    metrics: "none",
    global: false,
  });
  const { loggerProvider, meterProvider } = otel;
  const denials = createDenialRecorder({ loggerProvider, meterProvider, recordsPerSecond: 100 });
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
  };
  let denied = 0;
  for (const cell of CELLS) {
    for (let number = 0; number < 300; number++) {
      context.with(trace.setSpanContext(context.active(), span), () => {
        denials.record(
          denialEvent({
            cell,
            capability: "filesystem",
            operation: "read",
            target: `/srv/secret/${number} \u202e\u{1F600}`,
          }),
        );
      });
      denied += 1;
    }
    denials.closed({ cell, denials: 300, allowed: 0, cause: "closed" });
  }
  await denials.shutdown();
  await otel.shutdown();
  return denied;
}

interface Verified {
  readonly code: number;
  readonly records: number;
  readonly found: number;
  readonly findings: readonly { readonly kind: string }[];
}

async function verify(file: string): Promise<Verified> {
  const main = path.join(ROOT, "packages/cli/dist/main.js");
  const run = promisify(execFile)(process.execPath, [main, "verify", "--json", file]);
  const { stdout, code } = await run.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: unknown) => error as { stdout: string; code: number },
  );
  return { ...(JSON.parse(stdout) as Verified), code };
}
