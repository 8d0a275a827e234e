import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { logs, metrics } from "@opentelemetry/api";
import { afterEach, expect, test } from "vitest";

import { createDenialRecorder } from "../../recorder.ts";
import { startTelemetry, type TelemetryOptions } from "../../sdk.ts";
import { aDenial } from "../../testing/denials.ts";
import { otlpReceiver } from "../../testing/otlp-receiver.ts";

afterEach(() => {
  metrics.disable();
  logs.disable();
});

/** With `/metrics` beside it unless the options say otherwise. */
async function served(options: TelemetryOptions) {
  const otel = startTelemetry({
    metrics: "prometheus",
    port: 0,
    flushTimeoutMillis: 200,
    shutdownTimeoutMillis: 200,
    ...options,
  });
  await otel.ready();
  const url = otel.healthUrl ?? "";
  const health = async () => {
    const response = await fetch(url);
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, ...body };
  };
  return { otel, health };
}

test("an endpoint that fails shows within seconds, and its recovery too", async () => {
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  const { otel, health } = await served({ endpoint: receiver.url });
  const denials = createDenialRecorder();
  expect(await health()).toMatchObject({ status: 200, state: "exporting", why: null, lost: 0 });
  denials.record(aDenial());
  await expect.poll(health, { timeout: 5000 }).toMatchObject({ status: 200, state: "degraded" });
  const { why, since } = (await health()) as { why?: unknown; since?: unknown };
  expect(String(why)).toContain("503");
  expect(Date.parse(String(since))).toBeGreaterThan(Date.now() - 10_000);
  status = 200;
  await expect.poll(health, { timeout: 10_000 }).toMatchObject({ state: "exporting", why: null });
  await denials.shutdown();
  await otel.shutdown();
});

test("where everything goes out by OTLP /healthz is served when it is asked for, and no /metrics", async () => {
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  const { otel, health } = await served({
    metrics: "otlp",
    healthz: true,
    endpoint: receiver.url,
  });
  expect(otel.prometheusUrl).toBeUndefined();
  expect((await fetch(new URL("/metrics", otel.healthUrl))).status).toBe(404);
  const denials = createDenialRecorder();
  expect(await health()).toMatchObject({ status: 200, state: "exporting", why: null, lost: 0 });
  denials.record(aDenial());
  await expect.poll(health, { timeout: 5000 }).toMatchObject({ status: 200, state: "degraded" });
  expect((await health()) as { why?: unknown }).toMatchObject({
    why: expect.stringContaining("503") as string,
  });
  status = 200;
  await expect.poll(health, { timeout: 10_000 }).toMatchObject({ state: "exporting", why: null });
  await denials.shutdown();
  await otel.shutdown();
  await expect(health()).rejects.toThrow("fetch failed");
});

test("a service that does not ask for /healthz by OTLP listens on nothing", async () => {
  await using receiver = await otlpReceiver(() => 200);
  const otel = startTelemetry({ metrics: "otlp", port: 0, endpoint: receiver.url });
  await otel.ready();
  expect(otel.healthUrl).toBeUndefined();
  await otel.shutdown();
});

test("a port that is taken is a typed error of ready() by OTLP too", async () => {
  const other = await served({ metrics: "otlp", healthz: true });
  const port = Number(new URL(other.otel.healthUrl ?? "").port);
  const otel = startTelemetry({ healthz: true, port, global: false });
  await expect(otel.ready()).rejects.toMatchObject({
    name: "TelemetryStartError",
    code: "port_taken",
  });
  await otel.shutdown();
  await other.otel.shutdown();
});

test("an endpoint that does not answer shows before its timeout", async () => {
  const server = createServer(() => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { otel, health } = await served({ endpoint });
  const denials = createDenialRecorder({ shutdownTimeoutMillis: 200 });
  denials.record(aDenial());
  await expect
    .poll(health, { timeout: 9000 })
    .toMatchObject({ state: "degraded", why: "no answer for 3000 ms" });
  await denials.shutdown();
  await otel.shutdown();
  server.closeAllConnections();
  server.close();
});

test("where records are switched off, that is not a failure", async () => {
  const { otel, health } = await served({ logs: "none" });
  const denials = createDenialRecorder();
  expect(denials.health()).toMatchObject({ state: "exporting", why: undefined });
  denials.record(aDenial());
  const metrics = await (await fetch(otel.prometheusUrl ?? "")).text();
  expect(metrics).toMatch(/pyisolate_telemetry_state\{pyisolate_telemetry_state="blind".*\} 0/);
  expect(await health()).toMatchObject({
    status: 200,
    state: "exporting",
    why: "log records are switched off",
  });
  await denials.shutdown();
  await otel.shutdown();
});

test("a policy file that is not in force shows, with 200: denials are delivered all the same", async () => {
  const { otel, health } = await served({ logs: "none" });
  const denials = createDenialRecorder();
  expect(await health()).toMatchObject({ status: 200, policy: null });
  denials.policyFile("/etc/policy.yaml", { since: 0, why: "it has 1 mistake" });
  expect(await health()).toMatchObject({
    status: 200,
    state: "exporting",
    policy: {
      since: "1970-01-01T00:00:00.000Z",
      why: "the policy file /etc/policy.yaml: it has 1 mistake",
    },
  });
  await denials.shutdown();
  await otel.shutdown();
});

test("a recorder without a logger is blind: 503", async () => {
  const { otel, health } = await served({ endpoint: "http://127.0.0.1:1", global: false });
  const denials = createDenialRecorder();
  expect(await health()).toMatchObject({ status: 503, state: "blind" });
  await denials.shutdown();
  await otel.shutdown();
});
