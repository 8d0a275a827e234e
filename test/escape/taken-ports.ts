import assert from "node:assert/strict";

import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry, TelemetryStartError } from "@pyisolate/telemetry/sdk";

import { arena, failureOf } from "./arena/arena.ts";
import { Web } from "./arena/web.ts";

await using taken = await Web.start((_request, response) => response.end("mine"));

await arena({}, async ({ spawn }) => {
  const cell = await spawn();
  {
    await using otel = startTelemetry({
      serviceName: "arena",
      metrics: "prometheus",
      logs: "none",
      port: taken.port,
      global: false,
    });
    for (const call of [otel.ready(), otel.flush()]) {
      const error = await failureOf(call);
      assert.ok(error instanceof TelemetryStartError && error.code === "port_taken", error.message);
      assert.match(error.message, new RegExp(String(taken.port)), "says which");
      assert.match(error.message, /port/, "says what to do");
    }
    // Denials are counted all the same.
    await using denials = createDenialRecorder({
      meterProvider: otel.meterProvider,
      loggerProvider: otel.loggerProvider,
    });
    denials.record(denialEvent({ cell: "x", capability: "random", operation: "read" }));
    await failureOf(cell.exec("Math.random()"));
    await denials.flush();
    const { denied, emitted, dropped, pending } = denials.ledger();
    assert.equal(
      denied,
      emitted + pending + Object.values(dropped).reduce((sum, count) => sum + count, 0),
    );
    assert.equal(denied, 1);
  }
  // The port is free again, and the page can be had, once the other has gone.
  await using again = startTelemetry({
    serviceName: "arena",
    metrics: "prometheus",
    logs: "none",
    port: 0,
    global: false,
  });
  await again.ready();
  const page = await fetch(again.prometheusUrl ?? "");
  assert.equal(page.status, 200);
  assert.equal(taken.hits, 0);
  return 1;
});
