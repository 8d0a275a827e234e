import { readdirSync, readFileSync } from "node:fs";

import { context, trace, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import {
  decide,
  type DenialEvent,
  type DenialSink,
  parseDenialEvent,
  parsePolicy,
  PolicyError,
} from "@pyisolate/policy";
import { printKernelPlan, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import {
  BUILD_TIMEOUT_MS,
  type CollectedLog,
  serversForTest,
  type Stack,
  startStack,
  waitForLogs,
} from "@pyisolate/stack";
import { createDenialRecorder, type DenialRecorder, EVENTS } from "@pyisolate/telemetry";
import { startTelemetry, type Telemetry } from "@pyisolate/telemetry/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { type FlawedSandbox, flawedSandbox } from "../tools/demo/flaws/flawed-sandbox.ts";

// One denial, followed through every room in the order in which it passes them. Each test is one room and leaves what the
// next one needs, so they run in order, and a failure tells in which room the denial was lost.

const POLICY = `
version: 1
name: journey
rules:
  - { id: data, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/data/**"] }
  - { id: std, effect: allow, capability: import, modules: ["node:fs"] }
`;
const JOB = "pyisolate-journey";
const CONFINED = "NoNewPrivs: 1, Seccomp: 2, CapEff: 0000000000000000";
const PROGRAM = `require("node:fs").readFileSync("/etc/passwd", "utf8")`;

const policy = parsePolicy(POLICY);
const given: DenialEvent[] = [];
let stack: Stack;
let otel: Telemetry;
let recorder: DenialRecorder;

/** The recorder behind a sink that keeps every event. */
const watched: DenialSink = {
  record: (passing) => {
    given.push(passing);
    recorder.record(passing);
  },
  allowed: (capability) => recorder.allowed(capability),
  closed: (totals) => recorder.closed(totals),
};

// Each room needs them: without servers each says why it is skipped.
beforeEach(async ({ skip }) => {
  await serversForTest({ skip });
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await recorder?.shutdown();
  await otel?.shutdown();
  await stack?.stop();
});

describe("one denial", () => {
  const tracer = new TracerProvider().getTracer("journey");
  const span = tracer.startSpan("handle request");
  let supervisor: Supervisor;
  let cell: Sandbox;
  let event: DenialEvent;
  let record: CollectedLog;

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });

  afterAll(async () => {
    await supervisor?.close();
    context.disable();
  });

  test(
    "begins at real servers, all on loopback",
    { timeout: BUILD_TIMEOUT_MS },
    async ({ skip }) => {
      stack = await startStack({ servers: await serversForTest({ skip }) });
      otel = startTelemetry({ serviceName: JOB, endpoint: stack.collector.otlpEndpoint });
      recorder = createDenialRecorder();
      supervisor = new Supervisor({ policy, denials: watched, token: "s3cret", kernel: "require" });
      cell = await supervisor.spawn("tenant-a");
    },
  );

  test("comes from a process that Linux confines, all of whose threads the host has looked at", () => {
    expect(heldThreads(cell.pid)).toEqual([CONFINED]);
  });

  test("is asked for by a guest that catches it, and learns capability, reason and id, and nothing of the host", async () => {
    const saw = (await cell.exec(`try { ${PROGRAM} } catch (error) {
      ({ own: Object.getOwnPropertyNames(error).sort(), name: error.name, message: error.message,
         capability: error.capability, reason: error.reason, denialId: error.denialId })
    }`)) as Record<string, unknown>;
    expect(saw).toEqual({
      own: ["capability", "denialId", "message", "name", "reason", "stack"],
      name: "PolicyError",
      message: "filesystem denied (outside_scope)",
      capability: "filesystem",
      reason: "outside_scope",
      denialId: given[0]?.id,
    });
  });

  test("rejects the host's exec with its own event where the guest does not catch it", async () => {
    const failure = await context
      .with(trace.setSpan(context.active(), span), async () => await cell.exec(PROGRAM))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PolicyError);
    event = (failure as PolicyError).denialEvent;
  });

  test("is what the policy says of the request, by a function that any program may call", () => {
    expect(
      decide(policy, { capability: "filesystem", operation: "read", target: "/etc/passwd" }),
    ).toEqual({
      effect: "deny",
      rule: "default",
      reason: "outside_scope",
      nearestRule: { id: "data", lacked: "scope" },
    });
  });

  test("is nothing that the kernel's plan of the policy grants either, as any program may read", () => {
    const plan = supervisor.kernelPlan();
    expect(plan.paths.filter((grant) => "/etc/passwd".startsWith(grant.path))).toEqual([]);
    expect(printKernelPlan(plan)).toContain("/srv/data");
  });

  test("is an event: complete, frozen, the same after a journey through JSON", () => {
    expect(Object.isFrozen(event)).toBe(true);
    expect(event.toJSON()).toEqual({
      id: event.id,
      seq: 2,
      time: new Date(event.time).toISOString(),
      cell: "tenant-a",
      capability: "filesystem",
      operation: "read",
      target: "/etc/passwd",
      attempted_action: "read:/etc/passwd",
      policy_rule: "default",
      broker_decision: "deny",
      kernel_decision: "deny",
      kernel_evidence: "differential+ruleset",
      reason: "outside_scope",
      nearest_rule: { id: "data", lacked: "scope" },
      policy_name: "journey",
      policy_hash: policy.hash,
      enforced: true,
    });
    expect(parseDenialEvent(JSON.stringify(event))).toEqual(event);
  });

  test("reaches the sink as that very event, once, before the caller hears of it", () => {
    expect(given.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(given[1]).toBe(event);
    expect(cell.denialEvents()).toEqual(given);
    expect(cell.stats).toMatchObject({
      denials: 2,
      byRule: { default: 2 },
      byReason: { outside_scope: 2 },
    });
  });

  test("is counted in the ledger at once, and emitted as one record by the time of the flush", async () => {
    expect(recorder.ledger("tenant-a").denied).toBe(2);
    await otel.flush();
    expect(recorder.ledger("tenant-a")).toEqual({
      denied: 2,
      emitted: 2,
      coalesced: 0,
      dropped: {},
      pending: 0,
    });
  });

  test("stands in the Collector's file with its name, its severity, its time and the caller's trace", async () => {
    const logs = await waitForLogs(stack.collector.logFile, (all) => all.length >= 2);
    const own = logs.filter(({ attributes }) => attributes["pyisolate.denial.id"] === event.id);
    expect(own).toHaveLength(1);
    record = own[0] as CollectedLog;
    expect(record).toMatchObject({
      eventName: EVENTS.denial.name,
      severityNumber: 13,
      severityText: "",
      timeUnixNano: BigInt(event.time) * 1_000_000n,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      flags: TraceFlags.SAMPLED,
    });
    expect(record.resource).toMatchObject({ "service.name": JOB });
  });

  test("says in its record what the event says", () => {
    expect(record.attributes).toMatchObject({
      "pyisolate.cell": event.cell,
      "pyisolate.capability": event.capability,
      "pyisolate.operation": event.operation,
      "pyisolate.attempted_action": event.attemptedAction,
      "pyisolate.policy_rule": event.policyRule,
      "pyisolate.broker_decision": event.brokerDecision,
      "pyisolate.kernel_decision": "deny",
      "pyisolate.kernel_evidence": "differential+ruleset",
      "pyisolate.reason": event.reason,
      "pyisolate.enforced": event.enforced,
      "pyisolate.denial.seq": event.seq,
      "pyisolate.policy.hash": event.policyHash,
      "pyisolate.nearest_rule": "data:scope",
      "pyisolate.explanation": event.explanation,
    });
    expect(event.explanation).toContain("rules grant this operation, but none on this target");
  });

  test("is one of two in Prometheus, under labels that no guest chose", async () => {
    const series = `pyisolate_denial_events_total{job="${JOB}"} > 0`;
    const [only, ...others] = await stack.prometheus.waitFor(
      series,
      ([sample]) => sample?.value === 2,
    );
    expect(others).toEqual([]);
    expect(only?.labels).toMatchObject({
      pyisolate_capability: "filesystem",
      pyisolate_policy_rule: "default",
      pyisolate_broker_decision: "deny",
      pyisolate_kernel_decision: "deny",
      pyisolate_reason: "outside_scope",
      pyisolate_enforced: "true",
    });
    expect(JSON.stringify(only?.labels)).not.toContain("passwd");
    const [denials] = await stack.prometheus.query(`pyisolate_denials_total{job="${JOB}"} > 0`);
    expect(denials).toMatchObject({ value: 2, labels: { pyisolate_cell: "tenant-a" } });
  });

  test("is told once more, as a total, when the cell ends", async () => {
    await cell.close();
    await otel.flush();
    const logs = await waitForLogs(stack.collector.logFile, (all) =>
      all.some(({ eventName }) => eventName === EVENTS.cellClosed.name),
    );
    const closed = logs.find(({ eventName }) => eventName === EVENTS.cellClosed.name);
    expect(closed?.attributes).toMatchObject({
      "pyisolate.cell": "tenant-a",
      "pyisolate.closed.denials": 2,
      "pyisolate.ledger.denied": 2,
      "pyisolate.ledger.emitted": 2,
    });
  });
});

// The broker denied that one, and the kernel, asked without an effect, would have as well. Here the broker has a fault and allows the very
// same, and what becomes of it is the kernel's: the other half of each record, through the same rooms.
describe("the same by the kernel alone", () => {
  let flawed: FlawedSandbox;
  let supervisor: Supervisor;
  let cell: Sandbox;
  let event: DenialEvent;
  let record: CollectedLog;

  beforeAll(async () => {
    given.length = 0;
    flawed = await flawedSandbox();
    supervisor = new flawed.Supervisor({ policy, denials: watched, kernel: "require", pool: 0 });
    cell = await supervisor.spawn("tenant-b");
  });

  afterAll(async () => {
    await supervisor?.close();
    flawed?.[Symbol.dispose]();
  });

  test("comes from a process that Linux confines, whatever its broker is like", () => {
    expect(heldThreads(cell.pid)).toEqual([CONFINED]);
  });

  test("is refused to the guest in the words that it knows, with another reason", async () => {
    const failure = await cell.exec(PROGRAM).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PolicyError);
    event = (failure as PolicyError).denialEvent;
    const saw = await cell.exec(`try { ${PROGRAM} } catch ({ name, message, reason }) {
      ({ name, message, reason })
    }`);
    expect(saw).toEqual({
      name: "PolicyError",
      message: "filesystem denied (kernel)",
      reason: "kernel",
    });
  });

  test("is an event that has both halves, and what shows the kernel's", () => {
    expect(event.toJSON()).toMatchObject({
      cell: "tenant-b",
      attempted_action: "read:/etc/passwd",
      policy_rule: "data",
      broker_decision: "allow",
      kernel_decision: "deny",
      kernel_evidence: "differential+ruleset",
      reason: "kernel",
    });
    expect(parseDenialEvent(JSON.stringify(event))).toEqual(event);
    expect(given[0]).toBe(event);
    expect(cell.stats).toMatchObject({ denials: 2, byReason: { kernel: 2 } });
  });

  test("stands in the Collector's file as an ERROR, with both halves", async () => {
    await otel.flush();
    const logs = await waitForLogs(stack.collector.logFile, (all) =>
      all.some(({ attributes }) => attributes["pyisolate.denial.id"] === event.id),
    );
    record = logs.find(
      ({ attributes }) => attributes["pyisolate.denial.id"] === event.id,
    ) as CollectedLog;
    expect(record).toMatchObject({ eventName: EVENTS.denial.name, severityNumber: 17 });
    expect(record.attributes).toMatchObject({
      "pyisolate.policy_rule": "data",
      "pyisolate.broker_decision": "allow",
      "pyisolate.kernel_decision": "deny",
      "pyisolate.kernel_evidence": "differential+ruleset",
      "pyisolate.reason": "kernel",
    });
    expect(recorder.ledger("tenant-b")).toMatchObject({ denied: 2, emitted: 2, pending: 0 });
  });

  test("is a series of its own in Prometheus, which the alert on kernel refusals asks for", async () => {
    const series = `pyisolate_denial_events_total{job="${JOB}",pyisolate_broker_decision="allow"} > 0`;
    const [only, ...others] = await stack.prometheus.waitFor(
      series,
      ([sample]) => sample?.value === 2,
    );
    expect(others).toEqual([]);
    expect(only?.labels).toMatchObject({
      pyisolate_capability: "filesystem",
      pyisolate_policy_rule: "data",
      pyisolate_kernel_decision: "deny",
      pyisolate_reason: "kernel",
    });
  });
});

/** How each thread of a process is held; one for all that are held alike. */
function heldThreads(pid: number): string[] {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
    return ["NoNewPrivs", "Seccomp", "CapEff"]
      .map((field) => new RegExp(`^${field}:\\s*\\S+`, "m").exec(status)?.[0].replace(/\s+/, " "))
      .join(", ");
  });
  return [...new Set(threads)];
}
