// Answers amplify: what a cell does not read is not made, and what waits for it is bounded.
import { expect } from "vitest";

import type { ChannelName, Step } from "../script.ts";
import type { Case } from "../observation.ts";
import { eachCase, endsAsDocumented, MAX_STALL_MS } from "./each-case.ts";
import { requests, silent } from "./scripts.ts";

const deaf: readonly Step[] = [
  { do: "deafen", channel: "sync" },
  { do: "deafen", channel: "async" },
];

const LARGE = ["import", "load", "large"] as const;
const PATH = ["import", "load", "node:path"] as const;
const RANDOM = ["random", "read", ""] as const;
const REFUSED = ["filesystem", "read", "/etc/shadow"] as const;
const LONG = ["filesystem", "read", "\u0001".repeat(4096)] as const;

const limits = { wall_ms: 3000 };

function unread(name: string, ...steps: readonly Step[]): Case {
  return { name, calls: [silent(...deaf, ...steps)], limits };
}

const both = (what: readonly [string, string, string], times: number): readonly Step[] =>
  (["sync", "async"] as const).map((channel: ChannelName) => requests(channel, what, times));

const CASES: readonly Case[] = [
  unread("a large module, 1,300 times, as a guest that waits", requests("sync", LARGE, 1300)),
  unread("a large module, 1,300 times, as a guest that does not", requests("async", LARGE, 1300)),
  unread("a large module, on both channels", ...both(LARGE, 700)),
  unread("a large module, 50,000 times", requests("async", LARGE, 50_000)),
  unread("a module of ours, 50,000 times", requests("sync", PATH, 50_000)),
  unread("a module of ours, 50,000 times, on the other channel", requests("async", PATH, 50_000)),
  unread("what is allowed, 100,000 times", requests("sync", RANDOM, 100_000)),
  unread("what is allowed, on both channels", ...both(RANDOM, 60_000)),
  unread("what is refused, 100,000 times", requests("sync", REFUSED, 100_000)),
  unread(
    "what is refused, 100,000 times, on the other channel",
    requests("async", REFUSED, 100_000),
  ),
  unread("refused targets of 4,096 characters, each escaped", ...both(LONG, 300)),
  {
    name: "a large module, 1,300 times, and then each answer is read",
    calls: [silent(requests("sync", LARGE, 1300), requests("async", LARGE, 1300))],
    limits,
  },
];

eachCase("answers that the cell does not read cost the host little", CASES, (seen) => {
  endsAsDocumented(seen);
  expect(seen.longestMs).toBeLessThanOrEqual(MAX_STALL_MS);
  expect(seen.peakMiB).toBeLessThan(25);
});
