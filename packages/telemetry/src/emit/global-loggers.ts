import * as api from "@opentelemetry/api";
import type { LoggerProvider } from "@opentelemetry/api";

/** Where `@opentelemetry/api-logs` keeps the global provider: a function that wants its version of the contract. */
const API_LOGS = Symbol.for("io.opentelemetry.js.api.logs");
const API_LOGS_CONTRACT = 1;

/** Where `@opentelemetry/api` keeps its globals, in each of its releases. */
const API = Symbol.for("opentelemetry.js.api.1");

/**
 * The global logger provider, wherever a service registers one: in `@opentelemetry/api` from 1.10 on, in
 * `@opentelemetry/api-logs` before, as SDKs up to 0.223 do. Undefined if there is none.
 */
export function globalLoggerProvider(): LoggerProvider | undefined {
  const globals = globalThis as { readonly [key: symbol]: unknown };
  const registered = (globals[API] as { readonly logs?: unknown } | undefined)?.logs;
  if (isProvider(registered)) return registered;
  const older = globals[API_LOGS];
  if (typeof older === "function") {
    const provider: unknown = (older as (contract: number) => unknown)(API_LOGS_CONTRACT);
    if (isProvider(provider)) return provider;
  }
  // A namespace and no named import: api 1.9 has no `logs`, and would not even load.
  const { logs } = api as Partial<Pick<typeof api, "logs">>;
  return logs?.getLoggerProvider();
}

function isProvider(value: unknown): value is LoggerProvider {
  return (
    typeof value === "object" &&
    value !== null &&
    "getLogger" in value &&
    typeof value.getLogger === "function"
  );
}
