import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { test, type TestContext } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial } from "../testing/denials.ts";
import { attributesOf, type OtlpLogs } from "../testing/otlp-receiver.ts";

/** A server that answers as `outage` says while there is one, and else takes what comes. */
async function failingServer({ onTestFinished }: TestContext, outage: RequestListener) {
  const state = { isOut: true, refused: 0 };
  const ids: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      if (state.isOut) {
        state.refused += 1;
        outage(request, response);
        return;
      }
      const { resourceLogs } = JSON.parse(Buffer.concat(chunks).toString()) as OtlpLogs;
      for (const { attributes } of resourceLogs.flatMap(({ scopeLogs }) =>
        scopeLogs.flatMap(({ logRecords }) => logRecords),
      )) {
        ids.push(attributesOf(attributes)["pyisolate.denial.id"]);
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return { state, ids, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const answers: [string, RequestListener][] = [
  ...[402, 403, 500, 507, 520].map((status): [string, RequestListener] => [
    String(status),
    (_request, response) => response.writeHead(status).end("no"),
  ]),
  [
    "200 and a web page",
    (_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome</html>"),
  ],
  ["a reset", (request) => request.socket.resetAndDestroy()],
];

test.concurrent.for(
  answers.flatMap(([what, answer]) => [true, false].map((spooled) => ({ what, answer, spooled }))),
)(
  "an outage in which the server answers $what costs no record (spool: $spooled)",
  async ({ answer, spooled }, context) => {
    const { expect, onTestFinished } = context;
    const directory = await mkdtemp(join(tmpdir(), "pyisolate-outage-"));
    onTestFinished(async () => {
      await rm(directory, { recursive: true, force: true });
    });
    const { state, ids, url } = await failingServer(context, answer);
    await using otel = startTelemetry({
      endpoint: url,
      metrics: "none",
      global: false,
      ...(spooled ? { spool: directory } : {}),
    });
    await using denials = createDenialRecorder({ loggerProvider: otel.loggerProvider });
    for (let n = 0; n < 10; n++) denials.record(aDenial({ id: `d-${n}` }));
    await expect.poll(() => state.refused, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(otel.delivery()).toMatchObject({ exported: 0, waiting: 10, onDisk: spooled ? 10 : 0 });
    expect(denials.ledger()).toMatchObject({ pending: 10, emitted: 0, dropped: {} });
    expect(denials.health()).toMatchObject({ state: "degraded" });
    state.isOut = false;
    await otel.flush();
    expect(ids).toEqual(Array.from({ length: 10 }, (_, n) => `d-${n}`));
    expect(denials.ledger()).toMatchObject({ denied: 10, emitted: 10, dropped: {} });
    expect(await readdir(directory)).toEqual([]);
  },
);
