import { BUILD_TIMEOUT_MS, serversForTest, startCollector, waitForLogs } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { temporaryFolder } from "../faults/folder.ts";
import { gateway, startAgent } from "./tiers.ts";

test(
  "what an agent has taken out of a record is still told behind the gateway",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { otelcol: binary } = await serversForTest(context);
    // No store: the gateway's file is enough.
    const tiers = { binary, directory: await temporaryFolder(), store: "http://127.0.0.1:1" };
    await using behind = await startCollector(await gateway("gateway", tiers));
    await using agent = await startAgent("agent", [behind], tiers);
    const attributes = ["pyisolate.cell", "guest.chosen"].map((key) => ({
      key,
      value: { stringValue: "a password=hunter2" },
    }));
    const response = await fetch(`${agent.otlpEndpoint}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        resourceLogs: [
          { scopeLogs: [{ logRecords: [{ eventName: "pyisolate.denial", attributes }] }] },
        ],
      }),
    });
    expect(response.status).toBe(200);
    const [log] = await waitForLogs(behind.logFile, (logs) => logs.length === 1);
    expect(log?.attributes).toEqual({
      event_name: "pyisolate.denial",
      "pyisolate.cell": "a ****",
      "redaction.redacted.count": 1,
      "redaction.masked.count": 1,
    });
  },
);
