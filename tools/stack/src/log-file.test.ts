import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseLogLine, readLogFile, waitForLogs } from "./log-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-log-file-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function request(...names: string[]): string {
  const logRecords = names.map((eventName) => ({ eventName, timeUnixNano: "1" }));
  return JSON.stringify({
    resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords }] }],
  });
}

test("a record is read with plain attributes", () => {
  const line = JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "plugins" } }] },
        scopeLogs: [
          {
            scope: { name: "@pyisolate/telemetry", version: "0.1.0" },
            logRecords: [
              {
                timeUnixNano: "1763841600000000001",
                severityNumber: 13,
                eventName: "pyisolate.denial",
                traceId: "5b8efff798038103d269b633813fc60c",
                spanId: "eee19b7ec3c1b174",
                flags: 1,
                attributes: [
                  { key: "text", value: { stringValue: "a b" } },
                  { key: "seq", value: { intValue: "7" } },
                  { key: "huge", value: { intValue: "9223372036854775807" } },
                  { key: "share", value: { doubleValue: 0.5 } },
                  { key: "enforced", value: { boolValue: false } },
                  {
                    key: "list",
                    value: { arrayValue: { values: [{ stringValue: "x" }, { intValue: "1" }] } },
                  },
                  {
                    key: "map",
                    value: { kvlistValue: { values: [{ key: "k", value: { stringValue: "v" } }] } },
                  },
                  { key: "nothing", value: {} },
                  { key: "__proto__", value: { stringValue: "a key like any other" } },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
  expect(parseLogLine(line)).toMatchInlineSnapshot(`
    {
      "logs": [
        {
          "attributes": {
            "__proto__": "a key like any other",
            "enforced": false,
            "huge": 9223372036854775807n,
            "list": [
              "x",
              1,
            ],
            "map": {
              "k": "v",
            },
            "nothing": null,
            "seq": 7,
            "share": 0.5,
            "text": "a b",
          },
          "body": null,
          "eventName": "pyisolate.denial",
          "flags": 1,
          "observedTimeUnixNano": 0n,
          "resource": {
            "service.name": "plugins",
          },
          "scope": {
            "name": "@pyisolate/telemetry",
            "version": "0.1.0",
          },
          "severityNumber": 13,
          "severityText": "",
          "spanId": "eee19b7ec3c1b174",
          "timeUnixNano": 1763841600000000001n,
          "traceId": "5b8efff798038103d269b633813fc60c",
        },
      ],
      "unreadable": 0,
    }
  `);
});

test("a last line that is still being written is not there yet, at any length", async () => {
  const path = join(folder, "partial.jsonl");
  const whole = request("first");
  const growing = request("second");
  for (let length = 1; length < growing.length; length += 7) {
    await writeFile(path, `${whole}\n${growing.slice(0, length)}`);
    const { logs, unreadable } = await readLogFile(path);
    expect(logs.map(({ eventName }) => eventName)).toEqual(["first"]);
    expect(unreadable).toBe(0);
  }
  await writeFile(path, `${whole}\n${growing}\n`);
  expect((await readLogFile(path)).logs).toHaveLength(2);
});

test("a line that a killed Collector did not end costs no other record", async () => {
  const path = join(folder, "joined.jsonl");
  await writeFile(path, `${request("one")}${request("two", "three")}\n`);
  expect((await readLogFile(path)).logs.map(({ eventName }) => eventName)).toEqual([
    "one",
    "two",
    "three",
  ]);

  await writeFile(path, `${request("lost").slice(0, 40)}${request("four")}\n${request("five")}\n`);
  const { logs, unreadable } = await readLogFile(path);
  expect(logs.map(({ eventName }) => eventName)).toEqual(["four", "five"]);
  expect(unreadable).toBe(1);
});

test("a guest's text that looks like a request, or holds a line separator, stays text", () => {
  const name = 'x{"resourceLogs":[\u2028\u2029';
  const { logs, unreadable } = parseLogLine(request(name));
  expect(logs.map(({ eventName }) => eventName)).toEqual([name]);
  expect(unreadable).toBe(0);
});

test("a line separator within a record does not break the line", async () => {
  const path = join(folder, "separator.jsonl");
  await writeFile(path, `${request("a\u2028b\u0085c")}\n`);
  expect((await readLogFile(path)).logs.map(({ eventName }) => eventName)).toEqual([
    "a\u2028b\u0085c",
  ]);
});

test("rotated files come first", async () => {
  const path = join(folder, "rotated.jsonl");
  await writeFile(
    join(folder, "rotated-2026-01-02T00-00-00.000-size.jsonl"),
    `${request("two")}\n`,
  );
  await writeFile(
    join(folder, "rotated-2026-01-01T00-00-00.000-size.jsonl"),
    `${request("one")}\n`,
  );
  await writeFile(path, `${request("three")}\n`);
  expect((await readLogFile(path)).logs.map(({ eventName }) => eventName)).toEqual([
    "one",
    "two",
    "three",
  ]);
});

test("a file that is not there yet is empty, and can be waited for", async () => {
  const path = join(folder, "late.jsonl");
  expect(await readLogFile(path)).toEqual({ logs: [], unreadable: 0 });
  const waiting = waitForLogs(path, (logs) => logs.length === 2);
  await writeFile(path, `${request("one")}\n`);
  await appendFile(path, `${request("two")}\n`);
  expect(await waiting).toHaveLength(2);
  await expect(waitForLogs(path, (logs) => logs.length === 3, 100)).rejects.toMatchObject({
    code: "not-ready",
  });
});
