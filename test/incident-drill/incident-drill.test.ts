import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { DenialEvent } from "@pyisolate/policy";
import {
  BUILD_TIMEOUT_MS,
  type Collector,
  serversForTest,
  type StackOf,
  startCollector,
  startStack,
  type VictoriaLogs,
} from "@pyisolate/stack";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { readRuleFile, RULE_FILES } from "../rules/shipped.ts";
import { Surroundings } from "../surroundings/surrounding.ts";
import { alertNames, waitForAlert } from "./alerts.ts";
import { Panels } from "./panels.ts";
import { quickened, writeQuickRules } from "./quick-rules.ts";
import { serversOrWhyNot } from "./servers.ts";
import { startInOldContainer, startPlugins, startUploads } from "./services.ts";

const ALL = ["otelcol", "prometheus", "promtool", "victoria-logs", "alertmanager"] as const;
type Whole = StackOf<{ readonly victoriaLogs: true; readonly alertmanager: true }>;

// A night on call, in order. The operator on call has alerts, Prometheus and VictoriaLogs, and nothing that this test knows.

const SCANNED = 150;
const CALLS = 30;
const MISSED = 7;

describe("an incident", () => {
  const ends: (() => Promise<unknown>)[] = [];
  let skipped: string | undefined;
  let stack: Whole;
  let collector: Collector;
  let store: VictoriaLogs;
  let panels: Panels;
  let plugins: Awaited<ReturnType<typeof startPlugins>>;
  let uploads: ReturnType<typeof startUploads>;
  let contained: Awaited<ReturnType<typeof startInOldContainer>>;
  let refused: DenialEvent;
  let killedAt = 0;
  let backAt = 0;

  beforeAll(async () => {
    const servers = await serversOrWhyNot(ALL);
    const whyNot = typeof servers === "string" ? servers : Surroundings.whyNot();
    if (typeof servers === "string" || whyNot !== null) {
      skipped = whyNot ?? "";
      return;
    }
    vi.stubEnv("OTEL_METRIC_EXPORT_INTERVAL", "1000");
    vi.stubEnv("OTEL_METRIC_EXPORT_TIMEOUT", "1000");
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-drill-"));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    stack = await startStack({
      servers,
      rules: await writeQuickRules(folder),
      victoriaLogs: true,
      alertmanager: true,
      stateDir: path.join(folder, "collector"),
    });
    ({ collector, victoriaLogs: store } = stack);
    panels = new Panels(stack.prometheus, store);
    ends.push(
      () => stack.stop(),
      () => collector.stop(),
    );
    plugins = await startPlugins(collector.otlpEndpoint);
    ends.push(async () => await plugins[Symbol.asyncDispose]());
    uploads = startUploads(collector.otlpEndpoint);
    ends.push(async () => await uploads[Symbol.asyncDispose]());
    contained = await startInOldContainer(collector.otlpEndpoint);
    ends.push(async () => await contained[Symbol.asyncDispose]());
  }, BUILD_TIMEOUT_MS);

  beforeEach(({ skip }) => {
    if (skipped !== undefined) skip(skipped);
  });

  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
    vi.unstubAllEnvs();
  });

  test("the drill's rules are the shipped ones, only sooner", () => {
    for (const file of RULE_FILES.map(readRuleFile)) {
      const timeless = (rules: ReturnType<typeof quickened>) =>
        rules.groups.flatMap((group) =>
          group.rules.map((rule) => ({ ...rule, for: undefined, keep_firing_for: undefined })),
        );
      expect(timeless(quickened(file))).toEqual(timeless(file));
    }
  });

  test("before it nothing fires", { timeout: 90_000 }, async () => {
    await plugins.work();
    uploads.work();
    await stack.prometheus.waitFor(
      'count(pyisolate_telemetry_state{pyisolate_telemetry_state="exporting"} == 1)',
      ([count]) => count?.value === 3,
    );
    await stack.prometheus.waitFor("min(up)", ([up]) => up?.value === 1);
    expect(await alertNames(stack.alertmanager)).toEqual([]);
  });

  test(
    "a scan: the alert names rule and cell, and leads to its records",
    { timeout: 180_000 },
    async () => {
      await plugins.scan(SCANNED);
      const all = `cell "tenant-a" (${SCANNED})`;
      const alert = await waitForAlert(stack.alertmanager, "PyisolateDenialSpike", {}, all);
      expect(alert.labels).toMatchObject({
        job: "plugins",
        pyisolate_capability: "filesystem",
        pyisolate_policy_rule: "default",
        severity: "warning",
      });
      expect(alert.annotations["description"]).toContain(all);
      const records = await store.waitFor(
        alert.annotations["logsql"] ?? "",
        ({ length }) => length >= SCANNED,
      );
      expect(new Set(records.map(({ fields }) => fields["pyisolate.cell"]))).toEqual(
        new Set(["tenant-a"]),
      );
      const [most] = await panels.ask("denials", "Top cells");
      expect(most?.labels).toMatchObject({ pyisolate_cell: "tenant-a" });
      expect(most?.points.at(-1)?.[1]).toBe(SCANNED);
      // Many targets: a scan, and no program that tries again.
      expect(new Set(records.map(({ fields }) => fields["pyisolate.attempted_action"])).size).toBe(
        SCANNED,
      );
    },
  );

  test(
    "a policy one rule short: what has never been refused before, to whom, and which rule lacks what",
    { timeout: 90_000 },
    async () => {
      await plugins.call(CALLS);
      const alert = await waitForAlert(stack.alertmanager, "PyisolateFirstSeenDenial", {
        job: "plugins",
        pyisolate_capability: "network",
      });
      expect(alert.labels).toMatchObject({
        pyisolate_policy_rule: "default",
        pyisolate_reason: "outside_scope",
      });
      const records = await store.waitFor(
        alert.annotations["logsql"] ?? "",
        ({ length }) => length >= CALLS,
      );
      for (const { fields } of records) {
        expect(fields).toMatchObject({
          "pyisolate.cell": "tenant-b",
          "pyisolate.nearest_rule": "api:scope",
        });
      }
      const ratio = await waitForAlert(stack.alertmanager, "PyisolateDenyRatioHigh", {
        job: "plugins",
        pyisolate_capability: "network",
      });
      expect(ratio.annotations["summary"]).toBe('"plugins" refuses 100% of all "network" requests');
    },
  );

  test(
    "a kernel that refuses what is allowed: the first one alone tells layer, rule, cell and time",
    { timeout: 90_000 },
    async () => {
      refused = uploads.connectRefused();
      const alert = await waitForAlert(stack.alertmanager, "PyisolateKernelDeniedAllowed");
      expect(alert.labels).toMatchObject({
        job: "uploads",
        pyisolate_policy_rule: "db",
        pyisolate_broker_decision: "allow",
        pyisolate_kernel_decision: "deny",
        severity: "critical",
      });
      // Of files that are not there the kernel has nothing to say; of a port that no rule grants it says the same as the broker.
      expect(await matrix()).toEqual({
        "allow × deny": 1,
        "deny × deny": CALLS,
        "deny × not_evaluated": SCANNED,
      });
      expect(alert.startsAt.getTime()).toBeGreaterThan(refused.time);
      const [record, ...more] = await store.waitFor(
        alert.annotations["logsql"] ?? "",
        ({ length }) => length > 0,
      );
      expect(more).toEqual([]);
      expect(record?.fields).toMatchObject({
        "pyisolate.cell": "tenant-c",
        "pyisolate.attempted_action": "connect:db.internal:5432",
        "pyisolate.kernel_evidence": "audit",
        "pyisolate.denial.id": refused.id,
      });
      expect(record?.timeUnixNano).toBe(BigInt(refused.time) * 1_000_000n);
    },
  );

  test("nothing of it was an attempt to escape, and no doubt about the numbers", async () => {
    const names = await alertNames(stack.alertmanager);
    expect(new Set(names)).toEqual(
      new Set(names.filter((name) => /Spike|FirstSeen|Ratio|KernelDenied/.test(name))),
    );
    const residual = await stack.prometheus.query("instance:pyisolate_ledger:residual");
    expect(residual.map(({ value }) => value)).toEqual([0, 0, 0]);
  });

  test(
    "a broker with a fault lets a guest at a file, and Linux does not: an ERROR, and an alert that names the service",
    { timeout: 90_000 },
    async () => {
      const event = await plugins.readPastTheBroker();
      const alert = await waitForAlert(stack.alertmanager, "PyisolateKernelDeniedAllowed", {
        job: "plugins",
      });
      expect(alert.labels).toMatchObject({
        pyisolate_capability: "filesystem",
        pyisolate_policy_rule: "data",
        pyisolate_reason: "kernel",
        severity: "critical",
      });
      const records = await store.waitFor(
        `${alert.annotations["logsql"] ?? ""} service.name:="plugins"`,
        ({ length }) => length > 0,
      );
      expect(records.map(({ fields }) => fields)).toEqual([
        expect.objectContaining({
          severity_number: "17",
          "pyisolate.cell": "tenant-d",
          "pyisolate.attempted_action": "read:/etc/passwd",
          "pyisolate.kernel_evidence": "differential+ruleset",
          "pyisolate.denial.id": event.id,
        }),
      ]);
      expect(await alertNames(stack.alertmanager)).not.toContain("PyisolateEscapeAttempt");
    },
  );

  test(
    "native code gets out of a cell's isolate: Linux ends the process, and the alert says escape attempt",
    { timeout: 90_000 },
    async () => {
      plugins.escape();
      const alert = await waitForAlert(stack.alertmanager, "PyisolateEscapeAttempt");
      expect(alert.labels).toMatchObject({
        job: "plugins",
        pyisolate_capability: "limit",
        pyisolate_policy_rule: "limit.crash",
        severity: "critical",
      });
      const records = await store.waitFor(
        alert.annotations["logsql"] ?? "",
        ({ length }) => length > 0,
      );
      expect(records.map(({ fields }) => fields)).toEqual([
        expect.objectContaining({
          severity_number: "17",
          "pyisolate.cell": "tenant-d",
          "pyisolate.attempted_action": "crash:a system call that no cell makes",
          "pyisolate.kernel_evidence": "seccomp-kill",
        }),
      ]);
    },
  );

  test(
    "a host whose kernel cannot confine says so in each record, and the matrix has all of it",
    { timeout: 90_000 },
    async () => {
      await contained.deny();
      const records = await store.waitFor(
        'event_name:="pyisolate.denial" pyisolate.kernel_decision:="unavailable"',
        ({ length }) => length > 0,
      );
      expect(records.map(({ fields }) => fields["pyisolate.cell"])).toEqual(["tenant-e"]);
      await plugins.callElsewhere();
      await expect.poll(matrix, { timeout: 30_000 }).toEqual({
        "allow × deny": 2,
        // The broker was the only barrier.
        "deny × allow": 1,
        "deny × deny": CALLS,
        "deny × not_evaluated": SCANNED,
        "deny × unavailable": 1,
        "not_evaluated × deny": 1,
      });
    },
  );

  test(
    "the Collector dies: the alerts say that no count arrives, and of which services",
    { timeout: 90_000 },
    async () => {
      await collector.kill();
      killedAt = Date.now();
      await plugins.scan(MISSED);
      for (const job of ["pyisolate", "otelcol"]) {
        const down = await waitForAlert(stack.alertmanager, "PyisolateTargetDown", { job });
        expect(Math.abs(down.startsAt.getTime() - killedAt)).toBeLessThan(10_000);
      }
      for (const job of ["plugins", "uploads", "contained"]) {
        const absent = await waitForAlert(stack.alertmanager, "PyisolateTelemetryAbsent", { job });
        // One page for one cause: what the Collector's end explains sends no page.
        expect(absent.state).toBe("suppressed");
      }
      expect(await recordsOfTheGap(Date.now())).toEqual([]);
      expect(await panels.ask("telemetry-health", "Processes that report")).toEqual([]);
    },
  );

  test(
    "it is back: for how long it was blind, and what it did not see meanwhile, at the time it happened",
    { timeout: 120_000 },
    async () => {
      const { otelcol: binary } = await serversForTest({ skip: neverHere });
      const { ports, stateDir } = collector;
      collector = await startCollector({
        binary,
        ports,
        stateDir,
        logStore: store.otlpEndpoint,
      });
      await stack.prometheus.waitFor("min(up)", ([up]) => up?.value === 1);
      backAt = Date.now();
      const [blind] = await stack.prometheus.query(
        'sum(count_over_time((up{job="pyisolate"} == 0)[1h:1s]))',
      );
      const seconds = (backAt - killedAt) / 1000;
      expect(blind?.value).toBeGreaterThan(seconds - 4);
      expect(blind?.value).toBeLessThan(seconds + 4);

      expect(Math.abs((await secondsWithoutReports()) - seconds)).toBeLessThan(5);

      // The counters tell of everything, whenever it was.
      const denials = plugins.denied + 2;
      await stack.prometheus.waitFor(
        "sum(pyisolate_denials_total)",
        ([sum]) => sum?.value === denials,
      );
      // The records come late, and say when.
      const late = await vi.waitUntil(
        async () => {
          const records = await recordsOfTheGap(backAt);
          // Delivered at least once: an id is a denial.
          const byId = new Map(records.map((one) => [one.fields["pyisolate.denial.id"], one]));
          return byId.size >= MISSED && [...byId.values()];
        },
        { timeout: 60_000, interval: 250 },
      );
      expect(late.map(({ fields }) => fields["pyisolate.cell"])).toEqual(
        Array(MISSED).fill("tenant-a"),
      );
      await stack.prometheus.waitFor(
        'ALERTS{alertstate="firing",alertname=~"PyisolateTargetDown|PyisolateTelemetryAbsent"}',
        ({ length }) => length === 0,
      );
      await stack.prometheus.waitFor(
        "instance:pyisolate_ledger:residual != 0",
        ({ length }) => length === 0,
      );
    },
  );

  /** How many denials the dashboard shows in each field of its matrix. */
  async function matrix(): Promise<Record<string, number | undefined>> {
    const fields = await panels.ask("denials", "Broker × kernel");
    return Object.fromEntries(
      fields.map(({ labels, points }) => [
        `${labels["pyisolate_broker_decision"]} × ${labels["pyisolate_kernel_decision"]}`,
        points.at(-1)?.[1],
      ]),
    );
  }

  /** For how many of the seconds around the gap the dashboard shows no process that reports. */
  async function secondsWithoutReports(): Promise<number> {
    let blind = 0;
    for (let at = killedAt - 10_000; at <= backAt; at += 1000) {
      const shown = await panels.ask("telemetry-health", "Processes that report", {}, new Date(at));
      if (shown.length === 0) blind += 1;
    }
    return blind;
  }

  async function recordsOfTheGap(until: number) {
    return await store.records('service.name:="plugins" event_name:="pyisolate.denial"', {
      from: new Date(killedAt),
      to: new Date(until),
    });
  }
});

function neverHere(): never {
  throw new Error("the servers were there a moment ago");
}
