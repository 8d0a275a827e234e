import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";

import { logs, metrics } from "@opentelemetry/api";
import { afterEach, expect, test } from "vitest";

import { createDenialRecorder } from "../../recorder.ts";
import { startTelemetry } from "../../sdk.ts";
import { aDenial } from "../../testing/denials.ts";
import { isHostOf } from "./host-header.ts";

const EMBEDDED = { serviceName: "plugins", metrics: "prometheus", logs: "none", port: 0 } as const;

afterEach(() => {
  metrics.disable();
  logs.disable();
});

async function served() {
  const otel = startTelemetry(EMBEDDED);
  await otel.ready();
  const url = new URL(otel.prometheusUrl ?? "");
  const sockets: Socket[] = [];
  const open = async () => {
    const socket = connect(Number(url.port), url.hostname).on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };
  const get = async (path: string) =>
    await fetch(new URL(path, url), { headers: { connection: "close" } });
  const end = async () => {
    for (const socket of sockets) socket.destroy();
    await otel.shutdown();
  };
  return { otel, url, open, get, end };
}

test("a client that pipelines 1,000 requests and reads none neither blocks the loop nor fills the memory", async () => {
  const { open, get, end } = await served();
  const denials = createDenialRecorder({ maxSeries: 4000 });
  for (let cell = 0; cell < 3000; cell++) denials.record(aDenial({ cell: `cell-${cell}` }));
  const page = await (await get("/metrics")).text();
  expect(page.length).toBeGreaterThan(150_000);
  const before = process.memoryUsage().rss;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const socket = await open();
  socket.pause();
  socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000));
  const health = await get("/healthz");
  expect(health.status).toBe(200);
  expect((await get("/metrics")).status).toBe(200);
  delay.disable();
  // 1,000 collections of this page took seconds and half a gigabyte.
  expect(delay.max / 1e6).toBeLessThan(1000);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  await denials.shutdown();
  await end();
}, 60_000);

test("64 silent sockets keep no scrape out", async () => {
  const { open, get, end } = await served();
  const silent = await Promise.all(Array.from({ length: 64 }, open));
  const began = Date.now();
  expect((await get("/healthz")).status).toBe(200);
  expect((await get("/metrics")).status).toBe(200);
  expect(Date.now() - began).toBeLessThan(3000);
  await expect
    .poll(() => silent.filter((socket) => socket.closed || socket.readableEnded).length, {
      timeout: 10_000,
    })
    .toBeGreaterThan(0);
  await end();
}, 30_000);

test("many who ask at once share a collection, and each page has what was denied before it was asked for", async () => {
  const { otel, get, end } = await served();
  const denials = createDenialRecorder();
  let collections = 0;
  const gauge = otel.meterProvider.getMeter("test").createObservableGauge("collections");
  gauge.addCallback(async (result) => {
    collections += 1;
    await setTimeout(100);
    result.observe(collections);
  });
  const asked = Array.from({ length: 40 }, async () => {
    denials.record(aDenial());
    const own = denials.ledger().denied;
    const text = await (await get("/metrics")).text();
    return { own, seen: Number(/^pyisolate_denials_total\{.*\} (\d+)$/m.exec(text)?.[1]) };
  });
  for (const { own, seen } of await Promise.all(asked)) expect(seen).toBeGreaterThanOrEqual(own);
  expect(collections).toBeLessThan(10);
  await denials.shutdown();
  await end();
});

test("a callback that never ends costs its own metric, and /healthz nothing", async () => {
  const { otel, get, end } = await served();
  const denials = createDenialRecorder();
  denials.record(aDenial());
  const gauge = otel.meterProvider.getMeter("test").createObservableGauge("endless");
  gauge.addCallback(async () => {
    await new Promise(() => {});
  });
  const page = get("/metrics");
  expect((await get("/healthz")).status).toBe(200);
  const answer = await page;
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('pyisolate_denials_total{pyisolate_cell="tenant-a"} 1');
  await denials.shutdown();
  await end();
}, 30_000);

test("two requests on one connection, the second sent early, are both answered", async () => {
  const { open, end } = await served();
  const socket = await open();
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2));
  await expect.poll(() => text.match(/HTTP\/1\.1 200/g)?.length).toBe(2);
  await end();
});

test("a name that is not this machine's is refused: DNS rebinding", async () => {
  const { url, end } = await served();
  const status = async (host: string, path: string) => {
    const asked = request({ host: url.hostname, port: url.port, path, headers: { host } }).end();
    const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    return response.statusCode;
  };
  for (const path of ["/metrics", "/healthz"]) {
    expect(await status(`evil.example:${url.port}`, path)).toBe(421);
    expect(await status(url.host, path)).toBe(200);
    expect(await status("localhost", path)).toBe(200);
  }
  await end();
});

test.each([
  ["127.0.0.1", "127.0.0.1:9464", true],
  ["127.0.0.1", "LOCALHOST:9464", true],
  ["::1", "[::1]:9464", true],
  ["localhost", "plugins.localhost", true],
  ["127.0.0.1", undefined, true],
  ["127.0.0.1", "localhost.evil.example", false],
  ["127.0.0.1", "127.0.0.1.evil.example", false],
  ["127.9.9.9", "evil.example:9464", false],
  ["::1", "evil", false],
  ["127.0.0.1", "a:b:c", false],
  ["0.0.0.0", "plugins.prod.svc:9464", true],
  ["10.0.0.7", "plugins:9464", true],
])("on %s the Host %s is its own: %s", (address, header, own) => {
  expect(isHostOf(address, header)).toBe(own);
});
