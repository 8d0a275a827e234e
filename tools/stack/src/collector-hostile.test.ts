// What senders that are not ours, or not themselves, can write: nothing of it gets past the redaction, and metrics share no fate with logs.
import { readFile } from "node:fs/promises";

import { expect, test as base } from "vitest";

import { type Collector, startCollector } from "./collector.ts";
import { serversForTest } from "./servers-for-test.ts";
import { waitForLogs } from "./log-file.ts";
import { BUILD_TIMEOUT_MS } from "./servers.ts";

const test = (name: string, run: (otelcol: string) => Promise<void>) =>
  base(name, { timeout: BUILD_TIMEOUT_MS }, async (context) => {
    await run((await serversForTest(context, ["otelcol"])).otelcol);
  });

/** One credential for each place, so that a failure names the place. */
const secret = (place: number): string => `ghp_${String(place).padStart(36, "0")}`;
const text = (stringValue: string) => ({ stringValue });
const list = (...values: object[]) => ({ arrayValue: { values } });
const map = (key: string, value: object) => ({ kvlistValue: { values: [{ key, value }] } });
const bytes = (value: string) => ({ bytesValue: Buffer.from(value).toString("base64") });

const LOGS = {
  resourceLogs: [
    {
      schemaUrl: `https://${secret(0)}.example/schema`,
      resource: {
        attributes: [
          { key: "service.name", value: text("careless") },
          { key: "host.name", value: list(text(secret(1))) },
          { key: "os.version", value: map("k", text(secret(2))) },
        ],
      },
      scopeLogs: [
        {
          schemaUrl: secret(3),
          scope: {
            name: `lib ${secret(4)}`,
            version: secret(5),
            attributes: [{ key: "pyisolate.cell", value: list(text(secret(6))) }],
          },
          logRecords: [
            {
              timeUnixNano: "1763841600000000000",
              eventName: `pyisolate.${secret(7)}`,
              severityText: secret(8),
              body: list(map("a", text(secret(9))), text(secret(10))),
              attributes: [
                {
                  key: "pyisolate.denial.targets",
                  value: list(text("/a"), text(`https://x:${secret(11)}@api.example`)),
                },
                { key: "pyisolate.policy_rule", value: map(secret(12), list(text(secret(13)))) },
                { key: secret(14), value: text("a key") },
                { key: "pyisolate.reason", value: list(list(map("deep", text(secret(15))))) },
              ],
            },
          ],
        },
      ],
    },
  ],
};

const point = (attributes: readonly object[]) => ({
  dataPoints: [{ startTimeUnixNano: now(), timeUnixNano: now(), asInt: "1", attributes }],
  aggregationTemporality: 2,
  isMonotonic: true,
});
const now = (): string => `${Date.now()}000000`;

const METRICS = {
  resourceMetrics: [
    {
      schemaUrl: secret(20),
      resource: {
        attributes: [
          { key: "service.name", value: text("careless") },
          { key: "host.name", value: list(text(secret(21))) },
          { key: secret(22), value: text("a key") },
        ],
      },
      scopeMetrics: [
        {
          scope: { name: secret(23), attributes: [{ key: "a", value: text(secret(24)) }] },
          metrics: [
            {
              name: "pyisolate.denials",
              description: `Denials ${secret(25)}`,
              unit: `{${secret(26)}}`,
              sum: point([
                { key: "pyisolate.cell", value: list(text(secret(27))) },
                { key: "pyisolate.reason", value: map("k", text(secret(28))) },
                { key: "pyisolate.policy_rule", value: bytes("rule") },
              ]),
            },
            { name: "pyisolate.decisions", sum: point([{ key: secret(29), value: text("x") }]) },
            { name: `pyisolate.${secret(30)}`, sum: point([]) },
            { name: "foreign.requests", sum: point([]) },
          ],
        },
      ],
    },
  ],
};

test("a credential is masked wherever in a log record it stands", async (otelcol) => {
  await using collector = await startCollector({ binary: otelcol });
  expect(await post(collector, "logs", LOGS)).toBe(200);
  const [log] = await waitForLogs(collector.logFile, ({ length }) => length === 1);
  const file = await readFile(collector.logFile, "utf8");
  expect(file.match(/ghp_\d*/g) ?? []).toEqual([]);
  expect(log).toMatchObject({
    eventName: "pyisolate.****",
    severityText: "****",
    scope: { name: "lib ****", version: "****" },
    resource: { "service.name": "careless" },
  });
});

test("a credential is masked wherever in a metric it stands, and metrics that are not of this project are dropped", async (otelcol) => {
  await using collector = await startCollector({ binary: otelcol });
  expect(await post(collector, "metrics", METRICS)).toBe(200);
  await expect.poll(async () => await exposition(collector)).toContain("pyisolate_denials_total{");
  const page = await exposition(collector);
  expect(page.match(/ghp_\d*/g) ?? []).toEqual([]);
  expect(page).not.toContain("foreign_requests");
  expect(page).not.toContain("pyisolate_decisions");
  expect(page).toContain(`pyisolate_reason="{\\"k\\":\\"****\\"}"`);
});

test("a flood of series is refused at its own limit, while log records are taken and the counters that are there stay", async (otelcol) => {
  await using collector = await startCollector({
    binary: otelcol,
    env: { OTELCOL_METRICS_LIMIT_MIB: "75", GOMEMLIMIT: "400MiB" },
  });
  const known = { resourceMetrics: [series(["known"])] };
  expect(await post(collector, "metrics", known)).toBe(200);
  const answers: number[] = [];
  for (let round = 0; round < 60 && !answers.includes(503); round++) {
    const cells = Array.from(
      { length: 2000 },
      (_, index) => `${round}-${index}-${"x".repeat(900)}`,
    );
    answers.push(await post(collector, "metrics", { resourceMetrics: [series(cells)] }));
    expect(await post(collector, "logs", LOGS)).toBe(200);
  }
  expect(answers).toContain(503);
  for (let round = 0; round < 20; round++) expect(await post(collector, "logs", LOGS)).toBe(200);
  expect(await exposition(collector)).toContain(`pyisolate_cell="known"`);
});

function series(cells: readonly string[]): object {
  const dataPoints = cells.flatMap(
    (cell) => point([{ key: "pyisolate.cell", value: text(cell) }]).dataPoints,
  );
  const sum = { ...point([]), dataPoints };
  return {
    resource: { attributes: [{ key: "service.name", value: text("flood") }] },
    scopeMetrics: [{ scope: {}, metrics: [{ name: "pyisolate.denials", sum }] }],
  };
}

async function post(collector: Collector, signal: "logs" | "metrics", body: object) {
  const response = await fetch(`${collector.otlpEndpoint}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

async function exposition(collector: Collector): Promise<string> {
  return await (await fetch(collector.prometheusEndpoint)).text();
}
