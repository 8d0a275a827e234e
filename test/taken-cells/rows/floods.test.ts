// A flood is free: frames are taken by a budget, each costs, and a cell that goes on is ended.
import { expect } from "vitest";

import type { Case } from "../observation.ts";
import type { Step } from "../script.ts";
import { eachCase, endsAsDocumented, MAX_STALL_MS } from "./each-case.ts";
import { failure, frames, hex, line, message, requests, result, taken } from "./scripts.ts";

const DONE = result(hex("ff0f4954"));
const EMPTY_FAILURE = { is: "failure", texts: ["", "", "", "", ""] } as const;
const LONG_FAILURE = {
  is: "failure",
  texts: ["", "E", "\u0001".repeat(24_576), "    at \u0001x\n".repeat(2000), ""],
} as const;
const NESTED_FAILURE = {
  is: "failure",
  texts: [
    "",
    "E",
    "",
    "",
    "",
    ...Array.from({ length: 12 }, (_, of) => [
      `ecause ${of}`,
      "E",
      "\u0001".repeat(3072),
      "    at \u0001x\n".repeat(256),
      "sX",
    ]).flat(),
  ],
} as const;
const EMPTY_LINE = { is: "line", level: 1, text: "" } as const;

/** How long a cell may take to be ended, milliseconds: on a busy machine several seconds. */
const MOST_MS = 30_000;

/** Steps, again and again, until there are so many frames that no cell of ours would have sent. */
function flood(name: string, step: Step, times = 12): Case {
  return {
    name,
    calls: [taken(...Array.from({ length: times }, () => step))],
    limits: { wall_ms: 4000 },
    lingerMs: MOST_MS,
  };
}

/** The same with no call in flight: the call is answered first. */
function afterwards(name: string, step: Step, times = 12): Case {
  const calls = [taken(DONE, ...Array.from({ length: times }, () => step))];
  return { name: `${name}, with no call in flight`, calls, lingerMs: MOST_MS };
}

const elsewhere = (kind: number, id: number, body: Parameters<typeof frames>[2]): Step => ({
  do: "frames",
  channel: "async",
  kind,
  id: { of: "any", id },
  body,
  times: 50_000,
});

const CASES: readonly Case[] = [
  flood("what is refused", requests("sync", ["filesystem", "read", "/etc/shadow"], 30_000)),
  flood("what is refused, asynchronously", requests("async", ["filesystem", "read", "/x"], 30_000)),
  flood("what is allowed", requests("sync", ["random", "read", ""], 30_000)),
  flood("the limit of output, reported", requests("sync", ["limit", "output", ""], 30_000)),
  flood("failures of which the first ends the call", failure(EMPTY_FAILURE, 30_000)),
  flood("failures of calls that never were", elsewhere(19, 77, EMPTY_FAILURE)),
  flood("long failures of calls that never were", elsewhere(19, 77, LONG_FAILURE)),
  flood("failures with causes of calls that never were", elsewhere(19, 77, NESTED_FAILURE)),
  flood("results of no byte", elsewhere(18, 77, hex(""))),
  flood("results of calls that never were", elsewhere(18, 77, hex("ff0f30"))),
  flood("empty lines", line(EMPTY_LINE, 30_000), 40),
  flood("messages of one byte", message(hex("ff0f30"), 50_000)),
  flood("messages of no byte", message(hex(""), 50_000)),
  flood("long lines", line({ is: "line", level: 4, text: "\u001b[31m\u202e".repeat(3000) }, 100)),
  afterwards("what is refused", requests("sync", ["filesystem", "read", "/etc/shadow"], 30_000)),
  afterwards(
    "what is refused, asynchronously",
    requests("async", ["filesystem", "read", "/x"], 30_000),
  ),
  afterwards("failures", failure(EMPTY_FAILURE, 30_000)),
  afterwards("the limit of output, reported", requests("sync", ["limit", "output", ""], 30_000)),
  afterwards("empty lines", line(EMPTY_LINE, 30_000), 40),
  afterwards("messages", message(hex("ff0f30"), 50_000)),
];

/** Events of a cell that floods: as many as a call may ask, the refusals beyond that are borne, and the end. */
const MAX_DENIALS = 100_000 + 10_000 + 1;

eachCase("a flood of frames ends the cell, and not the host's turn", CASES, (seen) => {
  endsAsDocumented(seen);
  expect(seen.longestMs).toBeLessThanOrEqual(MAX_STALL_MS);
  expect(seen.peakMiB).toBeLessThan(60);
  expect(seen.closed, "the cell is ended").toBe(true);
  const denials = Object.values(seen.denials).reduce((total, number) => total + number, 0);
  expect(denials).toBeLessThanOrEqual(MAX_DENIALS);
});
