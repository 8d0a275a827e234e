import { expect, test } from "vitest";

import { readArguments } from "../arguments.ts";
import { report } from "../commands/report.ts";
import { type Options, reportOptions } from "./report-options.ts";

const NOW = Date.UTC(2026, 10, 22, 22, 0, 0);

function parseOptions(args: readonly string[], now: number): Options | "help" {
  const given = readArguments(report, args);
  return given === "help" ? given : reportOptions(given.options, now);
}

test("without options it is the last hour of everything, from the usual ports", () => {
  expect(parseOptions([], NOW)).toEqual({
    prometheus: new URL("http://127.0.0.1:9090"),
    logs: [
      { name: "VictoriaLogs", url: new URL("http://127.0.0.1:9428") },
      { name: "Loki", url: new URL("http://127.0.0.1:3100") },
    ],
    range: { from: NOW - 3_600_000, to: NOW },
    filter: {},
    out: "denials-2026-11-22T210000.html",
  });
});

test.each([
  [["--loki", "http://a.test"], [{ name: "Loki", url: new URL("http://a.test") }]],
  [["--victorialogs", "http://a.test"], [{ name: "VictoriaLogs", url: new URL("http://a.test") }]],
  [
    ["--logs", "http://a.test"],
    [
      { name: "VictoriaLogs", url: new URL("http://a.test") },
      { name: "Loki", url: new URL("http://a.test") },
    ],
  ],
  [["--no-logs"], undefined],
  [["--no-loki"], undefined],
])("%j says where the records are", (args, logs) => {
  expect(parseOptions(args, NOW)).toMatchObject({ logs });
});

test.each([
  [["--from", "-90m", "--to", "-30m"], NOW - 5_400_000, NOW - 1_800_000],
  [["--from=-2d"], NOW - 172_800_000, NOW],
  [
    ["--from", "2026-11-22T20:00:00Z", "--to", "2026-11-22T22:30:00+01:00"],
    NOW - 7_200_000,
    NOW - 1_800_000,
  ],
  [["--from", "-1h", "--to", "2026-11-23T00:00:00Z"], NOW - 3_600_000, NOW],
])("%j is a range", (args, from, to) => {
  expect(parseOptions(args, NOW)).toMatchObject({ range: { from, to } });
});

test.each([
  [["--from", "yesterday"], /"yesterday" is not a moment: write it as/],
  [["--from", "2026-11-22"], /is not a moment/],
  [["--from", "2026-02-30T00:00:00Z"], /"2026-02-30T00:00:00Z" is not a moment/],
  [["--from", "2026-04-31 12:00:00+02:00"], /is not a moment/],
  [["--from", "2025-02-29t23:59:59z"], /is not a moment/],
  [["--from", "-99999999w"], /-99999999w is before 1970/],
  [["--from", "-999999999d"], /is before 1970/],
  [["--from", "0001-01-01T00:00:00Z"], /0001-01-01T00:00:00Z is before 1970/],
  [["--from", "-1h", "--to", "-2h"], /too short/],
  [["--from", "2026-11-23T00:00:00Z"], /has not come yet/],
  [["--prometheus", "localhost:9090"], /--prometheus "localhost:9090" is not an address/],
  [["--loki", "ftp://127.0.0.1"], /--loki "ftp:\/\/127\.0\.0\.1" is not an address/],
  [["--prometheus", "http://me:secret@127.0.0.1"], /no user or password/],
  [["--loki", "http://127.0.0.1", "--no-loki"], /contradict/],
  [["--victorialogs", "http://127.0.0.1", "--no-logs"], /--victorialogs and --no-logs contradict/],
  [["--loki", "http://a.test", "--victorialogs", "http://b.test"], /contradict/],
  [["--logs", "nowhere"], /--logs "nowhere" is not an address/],
  [["--cell", ""], /--cell is empty/],
  [["--colour"], /--colour/],
  [["extra"], /extra/],
])("%j is wrong usage, and says why", (args, message) => {
  expect(() => parseOptions(args, NOW)).toThrow(message);
});

test("--help wins over the rest", () => {
  expect(parseOptions(["--from", "-1h", "--help"], NOW)).toBe("help");
});
