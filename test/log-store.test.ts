import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

import { denialEvent } from "@pyisolate/policy";
import {
  BUILD_TIMEOUT_MS,
  type CollectedLog,
  serversForTest,
  startCollector,
  startVictoriaLogs,
  waitForLogs,
} from "@pyisolate/stack";
import { createDenialRecorder, EVENTS } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import { expect, test } from "vitest";

/** A text of three-byte characters, longer than any field may be. */
const LONG = "界".repeat(2000);

const DENIALS = 'service.name:="plugins" event_name:="pyisolate.denial"';

/** Denials of every field at its longest, at once, so that they coalesce into fewer records that name many targets. */
async function flood(endpoint: string): Promise<void> {
  await using otel = startTelemetry({ serviceName: "plugins", endpoint, metrics: "none" });
  await using denials = createDenialRecorder();
  for (let count = 0; count < 5000; count++) {
    denials.record(
      denialEvent({
        cell: LONG,
        capability: "filesystem",
        operation: "read",
        target: `/${count}${LONG}`,
        policyRule: "r".repeat(64),
        brokerDecision: "allow",
        kernelDecision: "deny",
        kernelEvidence: "differential+ruleset",
        reason: "kernel",
        nearestRule: { id: "n".repeat(64), lacked: "operation" },
        policyName: LONG,
        policyHash: "f".repeat(16),
      }),
    );
  }
  await otel.flush();
}

const isDenial = ({ eventName }: CollectedLog): boolean => eventName === EVENTS.denial.name;

// VictoriaLogs passes over a record of more than 2 MiB or 1,000 fields; Loki refuses one of more than 64 KB or 128 entries beside
// its line, and the Collector drops what is refused.
test(
  "the largest record there can be fits into either store twice over, and is there as the Collector's file has it",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const servers = await serversForTest(context, ["victoria-logs", "otelcol"]);
    await using store = await startVictoriaLogs({ binary: servers["victoria-logs"] });
    await using collector = await startCollector({
      binary: servers.otelcol,
      logStore: store.otlpEndpoint,
    });
    await flood(collector.otlpEndpoint);
    const sent = (await waitForLogs(collector.logFile, (all) => all.some(isDenial))).filter(
      isDenial,
    );
    const stored = await store.waitFor(DENIALS, (records) => records.length >= sent.length);
    expect(stored).toHaveLength(sent.length);

    const sizes = stored.map(({ fields }) => Buffer.byteLength(Object.entries(fields).join("")));
    const entries = stored.map(({ fields }) => Object.keys(fields).length);
    // Without this size the test would not reach the store's limit.
    expect(Math.max(...sizes)).toBeGreaterThan(8 * 1024);
    expect(Math.max(...sizes)).toBeLessThan(32 * 1024);
    expect(Math.max(...entries)).toBeLessThan(64);

    const kept = new Map(stored.map((record) => [record.fields["pyisolate.denial.id"], record]));
    for (const { attributes, body, traceId } of sent) {
      const id = attributes["pyisolate.denial.id"];
      const record = kept.get(typeof id === "string" ? id : "");
      expect(record?.line).toBe(body);
      for (const [name, value] of Object.entries(attributes)) {
        const text = typeof value === "object" ? JSON.stringify(value) : String(value);
        expect(record?.fields[name], name).toBe(text);
      }
      expect(record?.fields["trace_id"] ?? "").toBe(traceId);
    }
  },
);

// Loki as it comes answers 503 for ever to what is more than 4 MiB inside, where every record carries its resource.
test(
  "a flood of the largest records is parted for the store into requests that a Loki with the limits that it comes with would take",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { otelcol } = await serversForTest(context, ["otelcol"]);
    await using store = await weighing();
    await using collector = await startCollector({ binary: otelcol, logStore: store.url });
    await flood(collector.otlpEndpoint);
    const sent = (await waitForLogs(collector.logFile, (all) => all.some(isDenial))).filter(
      isDenial,
    );
    // More than one request may hold.
    const bytes = (logs: readonly CollectedLog[]) =>
      Buffer.byteLength(
        JSON.stringify(logs, (_, value: unknown) => (typeof value === "bigint" ? 0 : value)),
      );
    expect(bytes(sent)).toBeGreaterThan(4_194_304);
    // Every record's resource comes on top: even of the smallest records a request of this size holds few enough.
    const smallest = Math.min(...sent.map((log) => bytes([{ ...log, resource: {} }])));
    const resource =
      bytes(sent.slice(0, 1)) - bytes(sent.slice(0, 1).map((log) => ({ ...log, resource: {} })));
    await expect
      .poll(() => store.requests.reduce((sum, size) => sum + size, 0), { timeout: 30_000 })
      .toBeGreaterThan(4_194_304);
    const largest = Math.max(...store.requests);
    expect(largest + (largest / smallest) * resource).toBeLessThan(4_194_304);
  },
);

/** A store that accepts everything and notes the size of each request, in bytes before compression. */
async function weighing() {
  const requests: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push(gunzipSync(Buffer.concat(chunks)).length);
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const gone = once(server, "close");
      server.close();
      server.closeAllConnections();
      await gone;
    },
  };
}
