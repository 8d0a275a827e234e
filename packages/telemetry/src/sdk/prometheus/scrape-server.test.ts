import { once } from "node:events";
import { createServer } from "node:net";

import { logs, metrics } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";

import { createDenialRecorder } from "../../recorder.ts";
import { startTelemetry, TelemetryStartError } from "../../sdk.ts";
import { aDenial } from "../../testing/denials.ts";

const EMBEDDED = { serviceName: "plugins", metrics: "prometheus", logs: "none", port: 0 } as const;

afterEach(() => {
  metrics.disable();
  logs.disable();
});

async function scrape(url: string | undefined): Promise<string> {
  const response = await fetch(url ?? "");
  expect(response.status).toBe(200);
  return await response.text();
}

/** The sample lines of an exposition, by their series. */
function series(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name = "", value] = /^(\S+) (\S+)$/.exec(line) ?? [];
    expect(samples.has(name)).toBe(false);
    samples.set(name, Number(value));
  }
  return samples;
}

test("a scrape has every denial, also those of its own tick", async () => {
  await using otel = startTelemetry(EMBEDDED);
  await using denials = createDenialRecorder();
  await otel.ready();
  denials.record(aDenial());
  for (let seq = 0; seq < 1000; seq++) denials.record(aDenial({ cell: "tenant-b" }));
  const samples = series(await scrape(otel.prometheusUrl));
  expect(samples.get(`pyisolate_denials_total{pyisolate_cell="tenant-a"}`)).toBe(1);
  expect(samples.get(`pyisolate_denials_total{pyisolate_cell="tenant-b"}`)).toBe(1000);
  expect(
    samples.get(
      `pyisolate_denial_events_total{pyisolate_capability="filesystem",pyisolate_policy_rule="default",` +
        `pyisolate_broker_decision="deny",pyisolate_kernel_decision="not_evaluated",` +
        `pyisolate_reason="no_rule",pyisolate_enforced="true"}`,
    ),
  ).toBe(1001);
});

test("no series appears twice, whatever cells are called", async () => {
  await using otel = startTelemetry(EMBEDDED);
  await using denials = createDenialRecorder();
  await otel.ready();
  for (const cell of [`a"b`, `a\\b`, "a b", "a_b", "_other", "a\nb", "ünï", "{}", `",le="1`]) {
    denials.record(aDenial({ cell }));
  }
  const text = await scrape(otel.prometheusUrl);
  // A name within quotes may hold a space; what counts is that every sample is one line of its own.
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const names = samples.map((line) => line.slice(0, line.lastIndexOf(" ")));
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.startsWith("pyisolate_denials_total{"))).toHaveLength(9);
});

test("the page is only what it says it is", async () => {
  await using otel = startTelemetry(EMBEDDED);
  await otel.ready();
  const url = otel.prometheusUrl ?? "";
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const page = await fetch(url);
  expect(page.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await page.text()).toContain('service_name="plugins"');
  expect((await fetch(new URL("/", url))).status).toBe(404);
  expect((await fetch(new URL("/metrics/x", url))).status).toBe(404);
  expect((await fetch(url, { method: "POST" })).status).toBe(405);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(`${url}?x=1`)).status).toBe(200);
});

test("with port 0 the address is known when it is ready, and not before", async () => {
  await using otel = startTelemetry(EMBEDDED);
  expect(() => otel.prometheusUrl).toThrow("`await otel.ready()` first");
  await otel.ready();
  expect(otel.prometheusUrl).not.toContain(":0/");
});

test("a taken port is a typed error that says what to do, and the service goes on", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as { port: number };
  await using otel = startTelemetry({ ...EMBEDDED, port });
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  expect(otel.prometheusUrl).toBe(`http://127.0.0.1:${port}/metrics`);
  const error = await otel.ready().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(TelemetryStartError);
  expect(error).toMatchObject({
    name: "TelemetryStartError",
    code: "port_taken",
    message: expect.stringContaining("pass another `port`") as string,
  });
  await expect(otel.flush()).rejects.toBe(error);
  expect(denials.ledger().denied).toBe(1);
  await otel.shutdown();
  squatter.close();
});

test("a taken port is a warning if ready() is not called", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as { port: number };
  const otel = startTelemetry({ ...EMBEDDED, port });
  await expect.poll(() => warned.mock.calls.length).toBe(1);
  expect(warned.mock.calls[0]?.[0]).toBeInstanceOf(TelemetryStartError);
  await otel.shutdown();
  squatter.close();
  warned.mockRestore();
});

test("an address of another machine is a typed error", async () => {
  await using otel = startTelemetry({ ...EMBEDDED, host: "192.0.2.1" });
  await expect(otel.ready()).rejects.toMatchObject({ code: "host_unavailable" });
});

test("after shutdown the port is free, the globals are too, and it may start again", async () => {
  const first = startTelemetry(EMBEDDED);
  await first.ready();
  const port = Number(new URL(first.prometheusUrl ?? "").port);
  await Promise.all([first.shutdown(), first.shutdown()]);
  await using second = startTelemetry({ ...EMBEDDED, port });
  await second.ready();
  expect(await scrape(second.prometheusUrl)).toContain("target_info");
});

test("a second start is refused while the first one runs, unless it stays to itself", async () => {
  await using first = startTelemetry(EMBEDDED);
  expect(() => startTelemetry(EMBEDDED)).toThrow("registered already");
  await using second = startTelemetry({ ...EMBEDDED, global: false });
  await Promise.all([first.ready(), second.ready()]);
  expect(metrics.getMeterProvider()).toBe(first.meterProvider);
});

test("with OTEL_SDK_DISABLED nothing is registered, served or sent", async () => {
  vi.stubEnv("OTEL_SDK_DISABLED", "true");
  await using otel = startTelemetry(EMBEDDED);
  vi.unstubAllEnvs();
  await otel.ready();
  expect(otel.prometheusUrl).toBeUndefined();
  expect(metrics.getMeterProvider()).not.toBe(otel.meterProvider);
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  await otel.flush();
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { disabled: 1 } });
});
