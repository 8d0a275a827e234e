import { runInNewContext } from "node:vm";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";
import type { Redact } from "./custom-redaction.ts";

// What is slow is said by the clock: here it goes as a test says, and not as a busy machine does.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function recordWith(redact: Redact, times = 1) {
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  await using denials = createDenialRecorder({ meterProvider, loggerProvider, redact });
  for (let seq = 1; seq <= times; seq++) denials.record(aDenial({ seq, target: "/home/kim/x" }));
  await denials.flush();
  const failed = await cumulative.points("pyisolate.telemetry.redactions.failed");
  return {
    actions: (await records()).map(({ attributes }) => attributes["pyisolate.attempted_action"]),
    bodies: (await records()).map(({ body }) => body),
    failed: Object.fromEntries([...failed].filter(([, count]) => count > 0)),
    ledger: denials.ledger(),
  };
}

test("the host's own rule gets what the default redaction leaves, and returns what leaves the process", async () => {
  const { actions } = await recordWith((target, { cell }) => `${target} of ${cell}`);
  expect(actions).toEqual(["read:~/x of tenant-a"]);
});

test("what it gives is cleaned and bounded", async () => {
  const { actions } = await recordWith(() => `a\nb\u202e${"x".repeat(5000)}`);
  expect(actions[0]).toMatch(/^read:a\\u\{a\}b\\u\{202e\}x+…$/);
  expect(String(actions[0]).length).toBeLessThan(1100);
});

test.each([
  [
    "threw",
    () => {
      throw new Error("rule");
    },
  ],
  ["not_text", () => 7 as never],
  ["not_text", (async () => "later") as never],
  ["not_text", (async () => await Promise.reject(new Error("later"))) as never],
  ["not_text", (() => runInNewContext("Promise.reject(new Error('later'))") as unknown) as never],
] satisfies [string, Redact][])(
  "one that fails (%s) costs the target only",
  async (why, redact) => {
    const { actions, bodies, failed, ledger } = await recordWith(redact);
    expect(actions).toEqual(["read"]);
    expect(bodies).toEqual(["denied filesystem read to tenant-a (no_rule, rule default)"]);
    expect(failed).toEqual({ [why]: 1 });
    expect(ledger).toMatchObject({ emitted: 1, dropped: {} });
  },
);

test("one that is slow is switched off", async () => {
  let asked = 0;
  const { actions, failed } = await recordWith((target) => {
    asked += 1;
    vi.advanceTimersByTime(6);
    return target;
  }, 20);
  expect(asked).toBe(8);
  expect(actions).toEqual(Array.from({ length: 20 }, () => "read"));
  expect(failed).toEqual({ slow: 8, switched_off: 12 });
});

test("one that takes its 5 ms is not slow yet", async () => {
  const { actions, failed } = await recordWith((target) => {
    vi.advanceTimersByTime(5);
    return target;
  });
  expect(actions).toEqual(["read:~/x"]);
  expect(failed).toEqual({});
});
