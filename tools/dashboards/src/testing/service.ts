import { context, ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { parsePolicy } from "@pyisolate/policy";
import {
  createDenialRecorder,
  denialEvent,
  type DenialInput,
  type DenialRecorderOptions,
} from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

/** The trace of the denials that have one. */
export const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A cell with every character that a regular expression could take for its own. */
export const SCANNER = "tenant (a|b)+.*$";

/** What {@link SCANNER} is denied: a scan, each of another target. */
export const SCANNED = 40;

/** Two services and a day's worth of trouble in a second: every metric and every event moves. */
export async function startTrouble(endpoint: string, spool: string) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const plugins = await startService(endpoint, {}, { serviceName: "plugins", spool });
  process.env["OTEL_RESOURCE_ATTRIBUTES"] = "service.namespace=shop";
  const uploads = await startService(
    endpoint,
    {
      maxSeries: 12,
      recordsPerSecond: 10,
      redact: () => {
        throw new Error("a redactor of the service's own, and wrong");
      },
    },
    { serviceName: "uploads" },
  );
  delete process.env["OTEL_RESOURCE_ATTRIBUTES"];

  plugins.denials.policyLoaded?.(parsePolicy({ version: 1, name: "plugins", rules: [] }));
  for (let n = 0; n < 100; n++) plugins.denials.allowed?.("network");
  scan(plugins.deny);
  disagree(plugins.deny);
  plugins.denials.closed?.({ cell: SCANNER, denials: SCANNED, allowed: 3, cause: "limit" });

  // A flood, too many cells, and what is not an event.
  for (let n = 0; n < 2000; n++) uploads.deny({ cell: `cell-${n % 20}` });
  uploads.denials.record({} as never);

  return {
    async [Symbol.asyncDispose]() {
      for (const service of [plugins, uploads]) await service.end();
      context.disable();
    },
  };
}

function scan(deny: (input: Partial<DenialInput>) => void): void {
  const spanContext = {
    traceId: TRACE,
    spanId: "b7ad6b7169203331",
    traceFlags: TraceFlags.SAMPLED,
  };
  context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => {
    for (let n = 0; n < SCANNED; n++) {
      deny({
        cell: SCANNER,
        target: `/home/guest-${n}/<img src=x onerror=alert(1)>`,
        reason: "no_rule",
      });
    }
  });
}

/** One rule short; a kernel that disagrees; an escape; a shadow policy's verdict. */
function disagree(deny: (input: Partial<DenialInput>) => void): void {
  deny({
    cell: "tenant-b",
    capability: "network",
    operation: "connect",
    target: "api.example.com:443",
    reason: "outside_scope",
    nearestRule: { id: "api", lacked: "scope" },
  });
  const kernel = {
    kernelDecision: "deny",
    kernelEvidence: "seccomp-errno",
    reason: "kernel",
  } as const;
  const connect = { capability: "network", operation: "connect", target: "10.0.0.1:22" } as const;
  deny({ cell: "tenant-c", ...connect, ...kernel, policyRule: "api", brokerDecision: "allow" });
  deny({ cell: "tenant-d", ...connect, ...kernel, brokerDecision: "not_evaluated" });
  deny({ cell: "tenant-b", policyRule: "dotenv", reason: "explicit_deny", enforced: false });
}

async function startService(
  endpoint: string,
  options: DenialRecorderOptions,
  more: { readonly serviceName: string; readonly spool?: string },
) {
  const otel = startTelemetry({ ...more, endpoint, global: false });
  const denials = createDenialRecorder({
    meterProvider: otel.meterProvider,
    loggerProvider: otel.loggerProvider,
    ...options,
  });
  await otel.ready();
  return {
    denials,
    deny: (input: Partial<DenialInput>) => {
      denials.record(
        denialEvent({ cell: "", capability: "filesystem", operation: "read", ...input }),
      );
    },
    async end() {
      await denials.shutdown();
      await otel.shutdown();
    },
  };
}
