import { denialEvent } from "@pyisolate/policy";
import {
  BUILD_TIMEOUT_MS,
  type CollectedLog,
  serversForTest,
  startCollector,
  startLoki,
  waitForLogs,
} from "@pyisolate/stack";
import { createDenialRecorder, EVENTS } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import { expect, test } from "vitest";

/** Three bytes each, and more of them than any field takes. */
const LONG = "界".repeat(2000);

const DENIALS = '{service_name="plugins"} | event_name="pyisolate.denial"';

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

// Loki refuses a record of more than 64 KB or 128 entries beside its line, and the Collector drops what is refused.
test(
  "the largest record there can be fits into Loki twice over, and is there as the Collector's file has it",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { loki: binary, otelcol } = await serversForTest(context, ["loki", "otelcol"]);
    await using loki = await startLoki({ binary });
    await using collector = await startCollector({ binary: otelcol, logStore: loki.otlpEndpoint });
    await flood(collector.otlpEndpoint);
    const sent = (await waitForLogs(collector.logFile, (all) => all.some(isDenial))).filter(
      isDenial,
    );
    const stored = await loki.waitFor(DENIALS, (records) => records.length >= sent.length);
    expect(stored).toHaveLength(sent.length);

    const sizes = stored.map(({ metadata }) =>
      Buffer.byteLength(Object.entries(metadata).join("")),
    );
    const entries = stored.map(({ metadata }) => Object.keys(metadata).length);
    // Large enough to be what this test is about.
    expect(Math.max(...sizes)).toBeGreaterThan(8 * 1024);
    expect(Math.max(...sizes)).toBeLessThan(32 * 1024);
    expect(Math.max(...entries)).toBeLessThan(64);

    const kept = new Map(stored.map((record) => [record.metadata["pyisolate_denial_id"], record]));
    for (const { attributes, body, traceId } of sent) {
      const id = attributes["pyisolate.denial.id"];
      const record = kept.get(typeof id === "string" ? id : "");
      expect(record?.line).toBe(body);
      for (const [name, value] of Object.entries(attributes)) {
        const text = typeof value === "object" ? JSON.stringify(value) : String(value);
        expect(record?.metadata[name.replaceAll(".", "_")], name).toBe(text);
      }
      expect(record?.metadata["trace_id"] ?? "").toBe(traceId);
    }
  },
);

test(
  "a flood of the largest records gets into a Loki with the limits that it comes with",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { loki: binary, otelcol } = await serversForTest(context, ["loki", "otelcol"]);
    await using loki = await startLoki({
      binary,
      args: [
        "-server.grpc-max-recv-msg-size-bytes=4194304",
        "-server.grpc-max-send-msg-size-bytes=4194304",
        "-distributor.ingestion-burst-size-mb=6",
        "-ingester.per-stream-rate-limit-burst=15MB",
      ],
    });
    await using collector = await startCollector({ binary: otelcol, logStore: loki.otlpEndpoint });
    await flood(collector.otlpEndpoint);
    const sent = (await waitForLogs(collector.logFile, (all) => all.some(isDenial))).filter(
      isDenial,
    );
    // More than Loki's parts tell each other at once.
    expect(
      Buffer.byteLength(
        JSON.stringify(sent, (_, value: unknown) => (typeof value === "bigint" ? 0 : value)),
      ),
    ).toBeGreaterThan(4_194_304);
    await expect
      .poll(async () => (await loki.query(`sum(count_over_time(${DENIALS}[1h]))`))[0]?.value, {
        timeout: 30_000,
      })
      .toBe(sent.length);
  },
);
