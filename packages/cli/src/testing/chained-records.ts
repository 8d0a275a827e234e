import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

/** The lines that a service's spool has of so many denials of two cells, chained, each cell with its end: a record a line. */
export async function chainedLines(denials: number): Promise<readonly string[]> {
  const spool = mkdtempSync(join(tmpdir(), "pyisolate-chained-"));
  const otel = startTelemetry({
    endpoint: "http://127.0.0.1:1",
    spool,
    durability: "sync",
    integrity: true,
    metrics: "none",
    global: false,
    shutdownTimeoutMillis: 1,
  });
  const { loggerProvider, meterProvider } = otel;
  const recorder = createDenialRecorder({
    loggerProvider,
    meterProvider,
    shutdownTimeoutMillis: 500,
  });
  try {
    for (let number = 0; number < denials; number++) {
      const cell = `tenant-${number % 2}`;
      recorder.record(
        denialEvent({
          cell,
          capability: "filesystem",
          operation: "read",
          target: `/etc/${number}`,
        }),
      );
    }
    for (const cell of ["tenant-0", "tenant-1"]) {
      recorder.closed({ cell, denials: denials / 2, allowed: 0, cause: "closed" });
    }
    await recorder.shutdown();
    const files = readdirSync(spool).toSorted();
    return files
      .flatMap((name) => readFileSync(join(spool, name), "utf8").split("\n"))
      .filter((line) => line !== "")
      .flatMap(oneByOne);
  } finally {
    await otel.shutdown();
    rmSync(spool, { recursive: true, force: true });
  }
}

interface Request {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[];
  }[];
}

/** A request as several of one record each. */
function oneByOne(line: string): string[] {
  const { resourceLogs } = JSON.parse(line) as Request;
  return resourceLogs.flatMap((resource) =>
    resource.scopeLogs.flatMap((scope) =>
      scope.logRecords.map((record) =>
        JSON.stringify({
          resourceLogs: [{ ...resource, scopeLogs: [{ ...scope, logRecords: [record] }] }],
        }),
      ),
    ),
  );
}
