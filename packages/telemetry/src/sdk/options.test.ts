import { expect, test } from "vitest";

import { telemetryOptions } from "./options.ts";

test.each([
  [{ metrics: "prom" }, 'metrics must be one of "otlp", "prometheus", "none", got "prom"'],
  [{ metrics: "OTLP" }, '"none", got "OTLP"; did you mean "otlp"?'],
  [{ metrics: "promteheus" }, '"none", got "promteheus"; did you mean "prometheus"?'],
  [{ logs: "prometheus" }, 'logs must be one of "otlp", "none", got "prometheus"'],
  [{ port: 70_000 }, "port must be a whole number from 0 to 65535, got 70000"],
  [{ port: "9464" }, 'port must be a whole number from 0 to 65535, got "9464"'],
  [{ serviceName: "" }, 'serviceName must be a string that is not empty, got ""'],
  [{ endpoint: "localhost:4318" }, "endpoint must be an http or https URL without query"],
  [{ endpoint: "http://[::" }, "endpoint must be an http or https URL without query"],
  [{ global: "no" }, 'global must be true or false, got "no"'],
  [{ shutdownTimeoutMillis: 0 }, "shutdownTimeoutMillis must be a whole number from 1"],
  [{ spool: "" }, "spool must be a folder, or { directory, maxBytes }"],
  [{ spool: { directory: "d", maxBytes: 10 } }, "spool must be a folder"],
  [{ spool: { directory: "d", bytes: 1e6 } }, "spool must be a folder"],
  [{ spool: { directory: "d", maxByte: 1e6 } }, "unknown option maxByte; did you mean maxBytes?"],
  [{ spool: {} }, "spool must be a folder"],
  [{ spool: {} }, "directory is missing"],
  [{ spool: ["d"] }, "spool must be a folder, or { directory, maxBytes }"],
  [
    { servicename: "x" },
    "unknown option servicename; did you mean serviceName? Allowed are serviceName, serviceVersion",
  ],
  [{ endpiont: "http://10.0.0.9:4318" }, "unknown option endpiont; did you mean endpoint?"],
  [{ toString: "x" }, "unknown option toString"],
  [{ serviceName: Promise.resolve("x") }, "got a promise; await it first"],
  [Promise.resolve({}), "takes an object of options, got a promise; await it first"],
  [new Map([["port", 1]]), "startTelemetry takes an object of options, got a Map or Set"],
  [null, "startTelemetry takes an object of options"],
  ["plugins", "startTelemetry takes an object of options"],
])("%j is refused", (options, message) => {
  expect(() => telemetryOptions(options)).toThrow(TypeError);
  expect(() => telemetryOptions(options)).toThrow(message);
});

test("every option may be left undefined", () => {
  telemetryOptions({ serviceName: undefined, metrics: undefined, port: undefined });
});
