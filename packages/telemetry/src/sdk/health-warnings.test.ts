import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";

import type { Health } from "../health.ts";
import { createDenialRecorder } from "../recorder.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial } from "../testing/denials.ts";
import { otlpReceiver } from "../testing/otlp-receiver.ts";
import { HealthWarnings } from "./health-warnings.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function watched() {
  const health: { state: Health["state"]; why: string | undefined } = {
    state: "exporting",
    why: undefined,
  };
  const said: string[] = [];
  const warnings = new HealthWarnings(
    () => health,
    (message) => said.push(message),
  );
  onTestFinished(() => {
    warnings.close();
  });
  return { health, said };
}

test("a minute of trouble is one line with the reason, and its end another", () => {
  const { health, said } = watched();
  Object.assign(health, { state: "degraded", why: "the server answered 503" });
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([]);
  vi.advanceTimersByTime(5000);
  expect(said).toEqual([
    "telemetry has been blind or degraded for a minute, and is degraded: the server answered 503",
  ]);
  Object.assign(health, { state: "blind", why: "the server answered 503" });
  vi.advanceTimersByTime(3_600_000);
  expect(said).toHaveLength(1);
  Object.assign(health, { state: "exporting", why: undefined });
  vi.advanceTimersByTime(5000);
  expect(said[1]).toBe("telemetry is exporting again, after 3665 s");
  vi.advanceTimersByTime(3_600_000);
  expect(said).toHaveLength(2);
});

test("trouble of less than a minute makes no warning, however often it comes", () => {
  const { health, said } = watched();
  for (let n = 0; n < 5; n++) {
    health.state = "degraded";
    vi.advanceTimersByTime(55_000);
    health.state = "exporting";
    vi.advanceTimersByTime(10_000);
  }
  expect(said).toEqual([]);
});

test("a service whose server is out for a minute has it in its own log, with what was answered", async () => {
  let answer = 507;
  await using receiver = await otlpReceiver(() => answer);
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const lines = () => warned.mock.calls.map(([message]) => String(message));
  await using otel = startTelemetry({ endpoint: receiver.url, metrics: "none", global: false });
  await using denials = createDenialRecorder({ loggerProvider: otel.loggerProvider });
  denials.record(aDenial());
  await vi.waitFor(
    () => {
      expect(denials.health().state).toBe("degraded");
    },
    { timeout: 10_000 },
  );
  vi.advanceTimersByTime(70_000);
  expect(lines()).toEqual([expect.stringMatching(/^telemetry has been .* 507/)]);
  answer = 200;
  vi.useRealTimers();
  await otel.flush();
  expect(denials.health().state).toBe("exporting");
});
