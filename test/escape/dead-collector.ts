import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { arena, failureOf } from "./arena/arena.ts";
import { Web } from "./arena/web.ts";

// No process listens on the endpoint any more: its port was free a moment ago.
const gone = await Web.start((_request, response) => response.end());
const { port } = gone;
await gone[Symbol.asyncDispose]();

await arena({}, async ({ spawn, events }) => {
  const warnings: string[] = [];
  const before = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => warnings.push(warning.message));
  const started = Date.now();
  {
    await using otel = startTelemetry({
      serviceName: "arena",
      endpoint: `http://127.0.0.1:${port}`,
      global: false,
      shutdownTimeoutMillis: 1500,
    });
    await using denials = createDenialRecorder({
      meterProvider: otel.meterProvider,
      loggerProvider: otel.loggerProvider,
      flushTimeoutMillis: 1500,
      shutdownTimeoutMillis: 1500,
    });
    const cell = await spawn();
    for (let index = 0; index < 200; index++) {
      const error = await failureOf(cell.exec("Math.random()"));
      assert.ok(error instanceof PolicyError);
      denials.record(error.denialEvent);
    }
    await denials.flush();
    const { denied, emitted, coalesced, dropped, pending } = denials.ledger();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    assert.equal(denied, 200, "no count is lost");
    assert.equal(denied, emitted + coalesced + lost + pending, "the ledger balances");
  }
  assert.ok(Date.now() - started < 20_000, "the end was waited for no longer than asked");
  assert.ok(
    warnings.some((warning) => /Collector|flushed/.test(warning)),
    `said: ${warnings.join("; ")}`,
  );
  process.removeAllListeners("warning");
  for (const listener of before) process.on("warning", listener);
  return events.length;
});
