import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { freePorts } from "@pyisolate/stack";
import { JSDOM } from "jsdom";
import { expect, test } from "vitest";

import { runReport } from "../testing/run-report.ts";

test("--help says what it does and exits with 0", async () => {
  const { code, stdout, html } = await runReport(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: pyisolate report \[options\]\n/);
  expect(html).toBeUndefined();
});

test("wrong usage says why, shows the usage and exits with 2", async () => {
  const { code, stderr, html } = await runReport(["--from", "yesterday"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/"yesterday" is not a moment.*\n\nUsage: /);
  expect(html).toBeUndefined();
});

test("where neither is there it says so, on the page too, and exits with 1", async () => {
  const [prometheus = 0, loki = 0] = await freePorts(2);
  const { code, stderr, html } = await runReport([
    `--prometheus=http://127.0.0.1:${prometheus}`,
    `--loki=http://127.0.0.1:${loki}`,
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/Prometheus does not answer at .*ECONNREFUSED/);
  expect(stderr).toMatch(/Loki does not answer at .*ECONNREFUSED/);
  const { document } = new JSDOM(html).window;
  expect(document.querySelector("h1")?.textContent).toBe("Nothing could be asked");
  expect([...document.querySelectorAll(".missing strong")].map((each) => each.textContent)).toEqual(
    ["Prometheus is missing", "Loki is missing"],
  );
});

test("where no log store is at the address it says what was asked there, and how to say better", async () => {
  const [nowhere = 0] = await freePorts(1);
  const { code, stderr, html } = await runReport([
    `--prometheus=http://127.0.0.1:${nowhere}`,
    `--logs=http://127.0.0.1:${nowhere}`,
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /No log store was found: VictoriaLogs does not answer .*Loki does not answer .*--victorialogs or --loki/,
  );
  const { document } = new JSDOM(html).window;
  expect(
    [...document.querySelectorAll(".missing strong")].map(({ textContent }) => textContent),
  ).toEqual(["Prometheus is missing", "The log store is missing"]);
  expect(document.querySelector("footer")?.textContent).toContain("the log store was not found");
});

test.each([
  ["--victorialogs", "a web page", 200, "<h1>It works!</h1>", /VictoriaLogs' answer is not what/],
  [
    "--victorialogs",
    "a refusal",
    422,
    "memory limit",
    /VictoriaLogs, or rejects .* HTTP 422: memory/,
  ],
  ["--victorialogs", "another shape", 200, `{"_time":"yesterday"}`, /Is it a VictoriaLogs\?/],
  ["--victorialogs", "no record", 200, `[1]`, /Is it a VictoriaLogs\?/],
  ["--loki", "a web page", 200, "<h1>It works!</h1>", /is not Loki: HTTP 200, no JSON/],
  [
    "--loki",
    "a refusal",
    400,
    "parse error : syntax",
    /is not Loki: HTTP 400, no JSON: parse error/,
  ],
  ["--loki", "another shape", 200, `{"status":"success","data":{}}`, /Is it a Loki\?/],
])("%s with %s behind it is told as what it is", async (option, _, status, body, message) => {
  await using server = await answering(status, body);
  const { code, stderr } = await runReport([
    "--prometheus=http://127.0.0.1:1",
    `${option}=${server.url}`,
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

test.each([
  ["a web page", 200, "<h1>It works!</h1>", /is not Prometheus: HTTP 200, no JSON/],
  ["a missing page", 404, "404 page not found", /is not Prometheus: HTTP 404, no JSON: 404 page/],
  [
    "a refusal",
    422,
    `{"status":"error","errorType":"execution","error":"query timed out"}`,
    /Prometheus rejects a query: query timed out/,
  ],
  [
    "another shape",
    200,
    `{"status":"success","data":{"resultType":"vector"}}`,
    /is not what its API/,
  ],
  [
    "values that are none",
    200,
    `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}`,
    /is not what its API promises/,
  ],
])("%s instead of an answer is told as what it is", async (_, status, body, message) => {
  await using server = await answering(status, body);
  const { code, stderr, html } = await runReport(["--prometheus", server.url, "--no-logs"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(new JSDOM(html).window.document.querySelector(".missing")?.textContent).toMatch(message);
});

test("a server's own words cannot become markup or move a terminal's cursor", async () => {
  const error = `<script>alert(1)</script>\u001B[2J\u202E`;
  await using server = await answering(400, JSON.stringify({ status: "error", error }));
  const { stderr, html } = await runReport(["--prometheus", server.url, "--no-logs"]);
  expect(stderr).not.toContain("\u001B");
  const { document } = new JSDOM(html).window;
  expect(document.querySelectorAll("script")).toHaveLength(0);
  expect(document.querySelector(".missing")?.textContent).toContain(
    "<script>alert(1)</script>U+001B",
  );
});

/** A server that answers everything alike. */
async function answering(status: number, body: string) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
