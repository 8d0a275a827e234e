// A cell that closes one of its channels, or ends, is told at once and not at its wall limit.
import { expect } from "vitest";

import type { Case } from "../observation.ts";
import type { Step } from "../script.ts";
import { eachCase, endsAsDocumented } from "./each-case.ts";
import { hex, message, requests, result, silent } from "./scripts.ts";

const closeSync: Step = { do: "close", channel: "sync" };
const closeAsync: Step = { do: "close", channel: "async" };
const half = (channel: "sync" | "async"): Step => ({
  do: "half",
  channel,
  kind: 17,
  promised: 1000,
  given: 10,
});

function closing(name: string, ...steps: readonly Step[]): Case {
  // A quarter of a minute, of which nothing may be used.
  return { name, calls: [silent(...steps)], limits: { wall_ms: 15_000 } };
}

const CASES: readonly Case[] = [
  closing("the blocking channel", closeSync),
  closing("the other channel", closeAsync),
  closing("both", closeSync, closeAsync),
  closing("both, the other one first", closeAsync, closeSync),
  closing("the blocking channel within a frame", half("sync"), closeSync),
  closing("the other channel within a frame", half("async"), closeAsync),
  closing("the blocking channel within a frame of the other", half("async"), closeSync),
  closing(
    "the blocking channel after a request",
    requests("sync", ["random", "read", ""], 3),
    closeSync,
  ),
  closing("the other channel after messages", message(hex("ff0f30"), 10), closeAsync),
  closing("the blocking channel, unread", { do: "deafen", channel: "sync" }, closeSync),
  closing("the blocking channel after a while", { do: "wait", ms: 200 }, closeSync),
  closing("all by its exit", { do: "exit" }),
  closing("all by its exit within a frame", half("async"), { do: "exit" }),
  {
    name: "the blocking channel with no call in flight, before the next call",
    calls: [silent(result(hex("ff0f4954")), closeSync), silent()],
    limits: { wall_ms: 15_000 },
  },
];

eachCase("a cell that closes a channel has ended", CASES, (seen) => {
  endsAsDocumented(seen);
  expect(seen.callsMs).toBeLessThan(5000);
  expect(seen.closed).toBe(true);
  expect(seen.denials).toEqual({ "limit.crash": 1 });
});
